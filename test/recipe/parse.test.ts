import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { maxRecipeLength } from '../../src/recipe/limits.ts';
import { parseRecipe } from '../../src/recipe/parse.ts';

const experts = '"experts": {"math": {"adapter": "a"}, "code": {"data": {"train": "c.jsonl"}}}';

/** What each input says: code, path, the text its range marks, and the sentence. */
const table: [
  name: string,
  text: string,
  problems: [code: string, where: string, marked: string, message: string][],
][] = [
  [
    'an unknown key at the top',
    '{"sed": 3}',
    [['unknownKey', 'sed', '"sed"', "'sed' is not a key of a recipe; did you mean 'seed'?"]],
  ],
  [
    'an unknown key deep down',
    '{"experts": {"math": {"adapter": "a", "training": {"learningrate": 1}}}}',
    [
      [
        'unknownKey',
        'experts.math.training.learningrate',
        '"learningrate"',
        "'experts.math.training.learningrate' is not a key of a recipe; did you mean 'learningRate'?",
      ],
    ],
  ],
  [
    'an unknown key like no other',
    '{"zzzzzzz": 1}',
    [['unknownKey', 'zzzzzzz', '"zzzzzzz"', "'zzzzzzz' is not a key of a recipe"]],
  ],
  [
    'no names where names belong',
    '{"blends": 0.9}',
    [['wrongType', 'blends', '0.9', 'blends: must be a group of names in { }, got 0.9']],
  ],
  ['a wrong type', '{"seed": "x"}', [['wrongType', 'seed', '"x"', 'seed: must be a number, got "x"']]],
  [
    'several at once',
    '{"lora": {"rank": 1.5, "targets": 4}}',
    [
      ['wrongType', 'lora.rank', '1.5', 'lora.rank: must be a whole number, got 1.5'],
      [
        'wrongType',
        'lora.targets',
        '4',
        'lora.targets: must be "all-linear" or a list in [ ] or a text in quotes, got 4',
      ],
    ],
  ],
  [
    'a value out of its range',
    '{"lora": {"dropout": 2}}',
    [['wrongValue', 'lora.dropout', '2', 'lora.dropout: must be at most 0.9, got 2']],
  ],
  [
    'a value of no known kind',
    `{${experts}, "merges": {"m": {"method": "tis", "weights": {"math": 1}}}}`,
    [
      [
        'wrongValue',
        'merges.m.method',
        '"tis"',
        'merges.m.method: must be one of "cat", "linear", "svd", "ties", "dare_linear", "dare_ties", "magnitude_prune", "ties_svd", "dare_linear_svd", "dare_ties_svd", "magnitude_prune_svd", "regmean", "learned", "distilled", got "tis"; did you mean \'ties\'?',
      ],
    ],
  ],
  [
    'an unknown expert',
    `{${experts}, "blends": {"half": {"mth": 1}}}`,
    [['unknownExpert', 'blends.half.mth', '"mth"', "blends.half.mth: no expert is called 'mth'; did you mean 'math'?"]],
  ],
  [
    'weights that are all zero',
    `{${experts}, "blends": {"half": {"math": 0, "code": 0}}}`,
    [
      [
        'badWeights',
        'blends.half',
        '"half"',
        'blends.half: all weights are zero, which is the base alone; give one a value',
      ],
    ],
  ],
  [
    'no weights',
    `{${experts}, "merges": {"m": {"weights": {}}}}`,
    [['badWeights', 'merges.m.weights', '"weights"', 'merges.m.weights: no weight is given']],
  ],
  ['a key twice', '{"seed": 1, "seed": 2}', [['duplicateKey', 'seed', '"seed"', "'seed' is written twice; keep one"]]],
  [
    'names that are taken, and experts of nothing',
    '{"experts": {"base": {"adapter": "a"}, "x": {}, "y": {"adapter": "a", "data": {"train": "t"}}}}',
    [
      ['reservedName', 'experts.base', '"base"', "'base' has a meaning of its own; call the expert otherwise"],
      ['nothingToTrain', 'experts.x', '"x"', "experts.x: needs 'data' to be trained on, or an 'adapter' to load"],
      ['dataAndAdapter', 'experts.y', '"y"', "experts.y: has both 'data' and 'adapter'; keep one"],
    ],
  ],
  [
    'a merge that is called like an expert, or like the base, and a blend like the router',
    `{${experts}, "blends": {"auto": {"math": 1}, "math": {"math": 1}}, "merges": {"code": {"weights": {"math": 1}}, "base": {"weights": {"math": 1}}}}`,
    [
      ['reservedName', 'blends.auto', '"auto"', "'auto' has a meaning of its own; call the blend otherwise"],
      [
        'takenName',
        'merges.code',
        '"code"',
        "merges.code: an expert is called 'code'; once made, the merge would answer for it",
      ],
      ['reservedName', 'merges.base', '"base"', "'base' has a meaning of its own; call the merge otherwise"],
    ],
  ],
  [
    'a name with blanks',
    '{"experts": {"a b": {"adapter": "x"}}}',
    [
      [
        'badName',
        'experts.a b',
        '"a b"',
        'experts.a b: a name starts with a letter or digit; letters, digits, "_", "-" and "." follow',
      ],
    ],
  ],
  [
    'a name with dots, and what else is wrong beside what the schema refuses,',
    '{"experts": {"v1.2": {}, "math": {"data": 3}}, "blends": {"b": {"v1.2": 1, "x": 1}}}',
    [
      ['wrongType', 'experts.math.data', '3', 'experts.math.data: must be a group of keys in { }, got 3'],
      [
        'nothingToTrain',
        'experts.v1.2',
        '"v1.2"',
        "experts.v1.2: needs 'data' to be trained on, or an 'adapter' to load",
      ],
      ['unknownExpert', 'blends.b.x', '"x"', "blends.b.x: no expert is called 'x'; there are: v1.2, math"],
    ],
  ],
  [
    'steps that name what is not there',
    `{${experts}, "steps": [{"do": "ask", "prompt": "p", "expert": "cod"}, {"do": "merge", "merge": "m"}]}`,
    [
      ['unknownExpert', 'steps[0].expert', '"cod"', "steps[0].expert: no expert is called 'cod'; did you mean 'code'?"],
      ['unknownMerge', 'steps[1].merge', '"m"', "steps[1].merge: no merge is called 'm'; there is none"],
    ],
  ],
  ['another type at the top', '[]', [['wrongType', '', '[]', 'the recipe: must be a group of keys in { }, got []']]],
  ['nothing', '', [['empty', '', '', 'the recipe is empty; a recipe is a JSON object such as { "experts": {} }']]],
];

for (const [name, text, expected] of table)
  test(`${name} is a problem with its place`, () => {
    const { recipe, problems } = parseRecipe(text);
    assert.equal(recipe, undefined);
    const marked = (r?: { start: number; end: number }) => (r ? text.slice(r.start, r.end) : '');
    assert.deepEqual(
      problems.map(p => [p.code, p.where, marked(p.range), p.message]),
      expected,
    );
    assert.ok(problems.every(p => p.severity === 'error'));
  });

test('broken syntax names its line', () => {
  const { recipe, problems } = parseRecipe('{\n  "seed": 1,\n  "lora" {}\n}');
  assert.equal(recipe, undefined);
  assert.deepEqual(
    [problems[0]!.code, problems[0]!.where, problems[0]!.message],
    ['syntax', 'line 3', 'colon expected at line 3'],
  );
});

test('an unknown kind of step or router is named by its path', () => {
  const problems = (text: string) => parseRecipe(text).problems.map(p => p.where);
  assert.deepEqual(problems('{"steps": [{"do": "trin"}]}'), ['steps[0].do']);
  assert.deepEqual(problems('{"router": {"kind": "magic"}}'), ['router.kind']);
});

test('what is too small or too large is told with the border', () => {
  const message = (recipe: object) => parseRecipe(JSON.stringify(recipe)).problems[0]!.message;
  assert.equal(message({ base: '' }), 'base: must not be empty, got ""');
  assert.equal(message({ lora: { rank: 0 } }), 'lora.rank: must be at least 1, got 0');
  assert.equal(message({ training: { learningRate: 0 } }), 'training.learningRate: must be more than 0, got 0');
});

test('a problem says what could stand there instead', () => {
  const replacements = (text: string) => parseRecipe(text).problems.map(p => p.replacement);
  assert.deepEqual(replacements('{"sed": 3}'), ['"seed"']);
  assert.deepEqual(replacements('{"seed": "3"}'), ['3']);
  assert.deepEqual(replacements('{"training": {"learningRate": "0.1"}}'), ['0.1']);
  assert.deepEqual(replacements('{"steps": [{"do": "trin"}]}'), ['"train"']);
  assert.deepEqual(replacements('{"training": {"schedule": "cosin"}}'), ['"cosine"']);
  assert.deepEqual(replacements(`{${experts}, "blends": {"b": {"mth": 1, "code": 0.5}}}`), ['"math"']);
  assert.deepEqual(replacements('{"zzzzzzz": 1}'), [undefined]);
  assert.deepEqual(replacements('{"training": {"schedule": {}}}'), [undefined]);
});

test('comments and trailing commas are allowed', () => {
  const { recipe, problems } = parseRecipe('// an experiment\n{ "seed": 7, /* lucky */ "name": "x", }');
  assert.deepEqual([problems, recipe!.seed, recipe!.name], [[], 7, 'x']);
});

test('the defaults of an empty recipe, written out and read again, are the same', () => {
  const { recipe, problems } = parseRecipe('{}');
  assert.deepEqual(problems, []);
  assert.deepEqual(
    [recipe!.base, recipe!.seed, recipe!.router, recipe!.experts],
    ['embedded', 1, { kind: 'learned', seed: 1 }, {}],
  );
  assert.deepEqual(parseRecipe(JSON.stringify(recipe)).recipe, recipe);
});

test('a whole recipe, written out and read again, is the same', () => {
  const text = JSON.stringify({
    name: 'all',
    lora: { rank: 4, targets: ['q_proj'] },
    training: { steps: 10, schedule: 'linear' },
    experts: { math: { adapter: 'a', lora: { alpha: 3 } }, 'co-de.1': { data: { train: 't', validation: 'v' } } },
    router: { kind: 'keywords', keywords: { math: { plus: 2 } } },
    blends: { half: { math: 0.5, 'co-de.1': -0.5 } },
    merges: { m: { method: 'ties', weights: { math: 1 }, density: 0.3 } },
    evaluation: {
      sets: { s: { data: 'd', expert: 'math', scorer: 'final' } },
      sequential: { order: ['math', 'co-de.1'] },
    },
    steps: [
      { do: 'train' },
      { do: 'ask', prompt: 'p', blend: 'half' },
      { do: 'merge', merge: 'm' },
      { do: 'evaluate', sets: ['s'] },
    ],
  });
  const { recipe, problems } = parseRecipe(text);
  assert.deepEqual(problems, []);
  assert.deepEqual(parseRecipe(JSON.stringify(recipe)).recipe, recipe);
});

test('a text beyond the limit is not parsed', () => {
  const { problems } = parseRecipe(' '.repeat(maxRecipeLength + 1));
  assert.deepEqual(
    problems.map(p => p.code),
    ['tooLarge'],
  );
});

test('nesting without end is a problem, not a crash', () => {
  for (const text of ['['.repeat(200_000), `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`]) {
    const { recipe, problems } = parseRecipe(text);
    assert.equal(recipe, undefined);
    assert.equal(problems[0]!.code, 'tooDeep');
  }
});

/** Keys that mean something in a recipe, so that random objects reach its inner parts. */
const key = fc.constantFrom(
  'experts',
  'math',
  'lora',
  'training',
  'blends',
  'merges',
  'weights',
  'router',
  'kind',
  'steps',
  'do',
  'evaluation',
  'sets',
  'rank',
  '__proto__',
  'toString',
  '',
  'a.b',
  '0',
);
const { tree } = fc.letrec(tie => ({
  tree: fc.oneof(
    { maxDepth: 5, withCrossShrink: true },
    fc.oneof(fc.jsonValue({ maxDepth: 1 }), fc.constantFrom('learned', 'keywords', 'train', 'ask', 'cat', 'math')),
    fc.array(tie('tree'), { maxLength: 3 }),
    fc.dictionary(key, tie('tree'), { maxKeys: 5 }),
  ),
}));

test('no JSON makes it throw, and it always gives either a recipe or an error', () => {
  const property = fc.property(tree, value => {
    const { recipe, problems } = parseRecipe(JSON.stringify(value));
    const failed = problems.some(p => p.severity === 'error');
    return failed === (recipe === undefined) && problems.every(p => p.message.length > 0 && p.message.length < 2000);
  });
  fc.assert(property, { numRuns: 1000, seed: 1 });
});

test('a byte order mark is no part of a recipe', () => {
  const { recipe, problems } = parseRecipe('\uFEFF{ "seed": 3 }');
  assert.deepEqual([recipe?.seed, problems], [3, []]);
});

test('no text makes it throw', () => {
  const piece = fc.oneof(
    fc.constantFrom('{', '}', '[', ']', ',', ':', '"', '\\u', '//', '/*', 'null', '1e999', '-', '"experts"'),
    fc.string({ maxLength: 4 }),
  );
  const property = fc.property(fc.array(piece, { maxLength: 20 }), pieces => {
    const { recipe, problems } = parseRecipe(pieces.join(''));
    return problems.some(p => p.severity === 'error') === (recipe === undefined);
  });
  fc.assert(property, { numRuns: 1000, seed: 1 });
});

test('engines elsewhere: one of them answers, or this machine; addresses say no more than where', () => {
  const problems = (recipe: unknown) => parseRecipe(JSON.stringify(recipe)).problems.map(p => `${p.code} ${p.message}`);
  const gpu = { kind: 'openai', url: 'http://127.0.0.1:8000/v1' };
  assert.deepEqual(problems({ engines: { gpu }, answering: 'gpu' }), []);
  assert.deepEqual(problems({ engines: { gpu }, answering: 'local' }), []);
  assert.deepEqual(problems({ engines: { gpu }, answering: 'gpus' }), [
    "unknownEngine answering: no engine is called 'gpus'; did you mean 'gpu'?",
  ]);
  assert.match(problems({ engines: { local: gpu } })[0]!, /^reservedName 'local' has a meaning of its own/);
  assert.match(problems({ engines: { gpu: { ...gpu, experts: { math: 'm' } } } })[0]!, /^unknownExpert/);
  for (const [url, reason] of [
    ['gpu:8000', /expected an address such as/],
    ['http://me:secret@gpu/v1', /a key is kept apart/],
    ['http://gpu/v1?key=secret', /nothing behind/],
  ] as const)
    assert.match(problems({ engines: { gpu: { ...gpu, url } } }).join(), reason);
});
