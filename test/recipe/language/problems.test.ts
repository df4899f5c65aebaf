import assert from 'node:assert/strict';
import { test } from 'node:test';
import { applyEdits } from 'jsonc-parser';
import { fixesFor } from '../../../src/recipe/language/fixes.ts';
import { recipeProblems } from '../../../src/recipe/language/problems.ts';
import { emptyWorld, type RecipeWorld } from '../../../src/recipe/language/recipeWorld.ts';
import { parseRecipe, readRecipe } from '../../../src/recipe/parse.ts';
import { adapterFacts, embedded, marked, withMarks, worldOf } from './marked.ts';

const line = (prompt: string, more = {}) => `${JSON.stringify({ prompt, completion: 'x', ...more })}\n`;
const data = { 't.jsonl': line('a') + line('b'), 'u.jsonl': line('c'), 'held.jsonl': line('h') };
const world = worldOf({ data });
const experts = '"experts": {"math": {"data": {"train": "t.jsonl"}}, "code": {"data": {"train": "u.jsonl"}}}';

/** `⟦…⟧` stands around what is marked; expected are code, sentence, and what each fix makes of the text. */
function check(
  name: string,
  source: string,
  expected: [code: string, message: RegExp, ...fixed: string[]][],
  within: RecipeWorld = world,
): void {
  test(name, () => {
    const { text } = marked(source);
    const reading = readRecipe(text);
    const problems = recipeProblems(reading, within).sort((a, b) => a.range!.start - b.range!.start);
    assert.equal(
      withMarks(
        text,
        problems.map(p => p.range!),
      ),
      source,
    );
    assert.deepEqual(
      problems.map(p => p.code),
      expected.map(([code]) => code),
    );
    for (const [i, [, message, ...fixed]] of expected.entries()) {
      assert.match(problems[i]!.message, message);
      const fixes = fixesFor(reading, problems[i]!);
      const results = fixes.map(f => (f.create ? `create ${f.create.file}` : applyEdits(text, f.edits)));
      assert.deepEqual(results, fixed);
    }
  });
}

check('a recipe that is right', `{${experts}}`, []);
check('broken syntax is told alone', '{"experts": {"math": {}}, "seed": 1 ⟦"lora"⟧: {}}', [
  ['syntax', /comma expected/],
]);
check('a key that is nearly right', '{"training": {⟦"learningrate"⟧: 0.1}}', [
  ['unknownKey', /did you mean 'learningRate'/, '{"training": {"learningRate": 0.1}}', '{"training": {}}'],
]);
check(
  'an unknown expert and an unknown blend',
  `{${experts}, "blends": {"b": {⟦"mth"⟧: 1}}, "steps": [{"do": "ask", "prompt": "p", "blend": ⟦"c"⟧}]}`,
  [
    [
      'unknownExpert',
      /no expert is called 'mth'/,
      `{${experts}, "blends": {"b": {"math": 1}}, "steps": [{"do": "ask", "prompt": "p", "blend": "c"}]}`,
    ],
    [
      'unknownBlend',
      /no blend is called 'c'/,
      `{${experts}, "blends": {"b": {"mth": 1}}, "steps": [{"do": "ask", "prompt": "p", "blend": "b"}]}`,
    ],
  ],
);
check('a dataset that is not there', '{"experts": {"math": {"data": {"train": ⟦"gone.jsonl"⟧}}}}', [
  ['missingFile', /gone\.jsonl is not there/, 'create gone.jsonl'],
]);
check(
  'a dataset with bad lines',
  '{"experts": {"math": {"data": {"train": ⟦"bad.jsonl"⟧}}}}',
  [['badData', /^bad\.jsonl:2: the line is not valid JSON .* \(and 1 more\)$/]],
  worldOf({ data: { 'bad.jsonl': `${line('a')}{"prompt"\n${line('b')}[]\n` } }),
);
check(
  'columns of no known form, and a column that is missing',
  '{"experts": {"a": {"data": {"train": ⟦"x.csv"⟧}}, "b": {"data": {"train": ⟦"y.csv"⟧}}}}',
  [
    [
      'badColumns',
      /^x\.csv:2: no known form of example; expected .* got 'frage', 'antwort'/,
      '{"experts": {"a": {"data": {"train": "x.csv", "columns": {"prompt":"prompt","answer":"answer"}}}, "b": {"data": {"train": "y.csv"}}}}',
    ],
    [
      'badColumns',
      /^y\.csv:2: field 'completion' is missing/,
      '{"experts": {"a": {"data": {"train": "x.csv"}}, "b": {"data": {"train": "y.csv", "columns": {"prompt":"prompt","answer":"answer"}}}}}',
    ],
  ],
  worldOf({ data: { 'x.csv': 'frage,antwort\n1,2\n', 'y.csv': 'prompt,other\n1,2\n' } }),
);
const german = worldOf({ data: { 'x.csv': 'frage,antwort\n1,2\n' } });
check(
  'columns that go by other names',
  '{"experts": {"a": {"data": {"train": "x.csv", "columns": {"prompt": "frage", "answer": "antwort"}}}}}',
  [],
  german,
);
check(
  'a column that is not there',
  '{"experts": {"a": {"data": {"train": ⟦"x.csv"⟧, "columns": {"prompt": "frage", "answer": "solution"}}}}}',
  [['badColumns', /column 'solution', which 'columns' names as 'answer', is missing\. The row has 'frage', 'antwort'/]],
  german,
);
check(
  'columns that make no example',
  '{"experts": {"a": {"data": {"train": "t.jsonl", ⟦"columns"⟧: {"prompt": "frage"}}}, "b": {"data": {"train": "t.jsonl", ⟦"columns"⟧: {"text": "frage", "messages": "antwort"}}}}}',
  [
    ['badColumns', /experts\.a\.data\.columns: needs 'prompt' and 'answer', or 'messages', or 'text'/],
    [
      'badColumns',
      /experts\.b\.data\.columns: name 'prompt' and 'answer', or 'messages', or 'text', and no two of them/,
    ],
  ],
  emptyWorld,
);
check('a share for validation that is none', '{"experts": {"a": {"data": {"train": "t.jsonl", "validation": ⟦1⟧}}}}', [
  ['wrongValue', /must be less than 1, got 1/],
]);
check(
  'a base that is not there',
  '{"base": ⟦"models/none"⟧, "lora": {"rank": 9999999}}'.replace('9999999', '900'),
  [['badBase', /the folder is not there/]],
  worldOf({ data, base: { unreadable: 'broken', reason: 'the folder is not there: models/none' } }),
);
check('targets that the base lacks', `{"lora": {"targets": ["q_proj", ⟦"k_prj"⟧, ⟦"c_attn"⟧]}, ${experts}}`, [
  [
    'unknownTarget',
    /no linear layer 'k_prj'; it has q_proj/,
    `{"lora": {"targets": ["q_proj", "k_proj", "c_attn"]}, ${experts}}`,
  ],
  ['unknownTarget', /no linear layer 'c_attn'/],
]);
check('a target that stands alone', '{"lora": {"targets": ⟦"q_proj"⟧}}', [
  [
    'wrongType',
    /must be "all-linear" or a list in \[ \] or a regular expression, got "q_proj"/,
    '{"lora": {"targets": ["q_proj"]}}',
  ],
]);
check('an expression for targets that is none', `{"lora": {"targets": ⟦"(q_proj"⟧}}`, [
  ['wrongType', /or a regular expression, got "\(q_proj"/, '{"lora": {"targets": ["(q_proj"]}}'],
]);
check('an expression that no layer’s whole path fits', `{"lora": {"targets": ⟦"[qv]_proj"⟧}, ${experts}}`, [
  ['unknownTarget', /no layer's whole path fits '\[qv\]_proj'; paths are like model\.layers\.0\.self_attn\.q_proj/],
]);
check(
  'blocks, and keys of patterns, that the base lacks',
  `{"lora": {"targets": ".*_proj", "layers": [0, ⟦99⟧], "rankPattern": {⟦"c_attn"⟧: 2, "q_proj": ⟦4⟧}}, ${experts}}`.replace(
    '⟦4⟧',
    '4',
  ),
  [
    ['unknownTarget', /no block 99; its \d+ are counted from 0/],
    ['unknownTarget', /no layer with factors fits 'c_attn'/],
  ],
);
check('a pattern that is no expression', '{"lora": {"rankPattern": ⟦{"(": 4}⟧}}', [
  ['wrongValue', /lora\.rankPattern: the key "\(" is not a regular expression/],
]);
check('a rank above a layer’s size', `{"lora": {"rank": ⟦512⟧}, ${experts}}`, [
  [
    'rankAboveLayer',
    /rank 512 is above the size of \w+ \[\d+, \d+\]; it can be at most 128/,
    `{"lora": {"rank": 128}, ${experts}}`,
  ],
]);
check(
  'on a base whose keys and values are narrow, the rank of an expert that adapts them',
  '{"lora": {"rank": 16}, "experts": {"math": {"data": {"train": "t.jsonl"}, "lora": {"rank": ⟦16⟧}}, "code": {"data": {"train": "u.jsonl"}, "lora": {"targets": ["q_proj"]}}}}',
  [
    [
      'rankAboveLayer',
      /rank 16 is above the size of k_proj \[8, 256\]; it can be at most 8/,
      '{"lora": {"rank": 16}, "experts": {"math": {"data": {"train": "t.jsonl"}, "lora": {"rank": 8}}, "code": {"data": {"train": "u.jsonl"}, "lora": {"targets": ["q_proj"]}}}}',
    ],
  ],
  worldOf({ data, base: { config: { ...embedded, kvHeads: 1, headDim: 8 } } }),
);
check(
  'ties over unequal ranks',
  `{"experts": {"math": {"data": {"train": "t.jsonl"}}, "code": {"data": {"train": "u.jsonl"}, "lora": {"rank": 8}}}, "merges": {"m": {"method": ⟦"ties"⟧, "weights": {"math": 1, "code": 1}}}}`,
  [
    [
      'unequalRanks',
      /'ties' needs equal ranks, but they are 16 \(math\), 8 \(code\)/,
      ...['cat', 'ties_svd'].map(
        method =>
          `{"experts": {"math": {"data": {"train": "t.jsonl"}}, "code": {"data": {"train": "u.jsonl"}, "lora": {"rank": 8}}}, "merges": {"m": {"method": "${method}", "weights": {"math": 1, "code": 1}}}}`,
      ),
    ],
  ],
);
check(
  'a setting that the method does not read',
  `{${experts}, "merges": {"m": {"weights": {"math": 1}, ⟦"density"⟧: 0.5}}}`,
  [['unusedSetting', /'cat' does not read 'density'/, `{${experts}, "merges": {"m": {"weights": {"math": 1}}}}`]],
);
check(
  'weights that are zero, negative, or no numbers',
  `{${experts}, "blends": {"b": {"math": ⟦0⟧, "code": 1}, "c": {"math": ⟦-0.5⟧}, "d": {"math": ⟦"1"⟧}}}`,
  [
    [
      'zeroWeight',
      /'math' takes no part/,
      `{${experts}, "blends": {"b": {"code": 1}, "c": {"math": -0.5}, "d": {"math": "1"}}}`,
    ],
    [
      'negativeWeight',
      /subtracts what 'math' learned/,
      `{${experts}, "blends": {"b": {"math": 0, "code": 1}, "c": {"math": 0.5}, "d": {"math": "1"}}}`,
      `{${experts}, "blends": {"b": {"math": 0, "code": 1}, "c": {"math": -0.5 /* negative: subtracts what it learned */}, "d": {"math": "1"}}}`,
    ],
    [
      'wrongType',
      /must be a number, got "1"/,
      `{${experts}, "blends": {"b": {"math": 0, "code": 1}, "c": {"math": -0.5}, "d": {"math": 1}}}`,
    ],
  ],
);
check('a weight beyond all numbers', `{${experts}, "blends": {"b": {"math": ⟦1e999⟧}}}`, [
  ['wrongType', /blends\.b\.math: must be a number, got Infinity/],
]);
check(
  'a negative weight that is meant',
  `{${experts}, "blends": {"b": {"math": -0.5, // unlearns\n "code": 1},\n "c": {\n // unlearns, too\n "code": -1}}}`,
  [],
);
check('all weights zero', `{${experts}, "blends": {⟦"b"⟧: {"math": 0}}}`, [['badWeights', /all weights are zero/]]);
check(
  'a held-out set and a validation set that overlap train',
  '{"experts": {"math": {"data": {"train": "t.jsonl", "validation": ⟦"v.jsonl"⟧}}}, "evaluation": {"sets": {"s": {"data": ⟦"h.jsonl"⟧, "expert": "math"}}}}',
  [
    ['heldOutOverlap', /2 of 2 validation prompts are in t\.jsonl too; the first is in line 1/],
    ['heldOutOverlap', /1 of 3 held-out prompts are in t\.jsonl too; the first is in line 2/],
  ],
  worldOf({
    data: {
      't.jsonl': line('a') + line('b'),
      'v.jsonl': line('a') + line('B  '.trim()),
      'h.jsonl': line('x') + line('b', { completion: 'other' }) + line('y'),
    },
  }),
);
check(
  'fields of which nothing is made, beside lines that cannot be read',
  '{"experts": {"math": {"data": {"train": ⟦⟦"t.jsonl"⟧⟧}}}}',
  [
    ['badData', /^t\.jsonl:2: the line is not valid JSON/],
    ['unusedField', /t\.jsonl:1: the field 'topic' is not used \(1 line has it\)\. \(and 1 more\)/],
  ],
  worldOf({ data: { 't.jsonl': `${line('a', { topic: 1, tags: ['x'] })}{\n` } }),
);
check(
  'tests that the scorer needs',
  `{${experts}, "evaluation": {"sets": {"s": {"data": "held.jsonl", "expert": "code", "scorer": ⟦"code"⟧}}}}`,
  [['missingTests', /have no 'tests'/]],
);
check('an adapter that is not there', '{"experts": {"a": {"adapter": ⟦"gone"⟧}}}', [
  ['badAdapter', /gone is not there/],
]);
check(
  'an adapter that is exact in a copy of its base alone',
  '{"experts": {"a": {"adapter": ⟦"one"⟧}, "b": {"adapter": ⟦"two"⟧}}}',
  [
    ['badAdapter', /changes 'lm_head', 'embed_tokens', which is exact in a copy of the base alone: multi-lora merge/],
    ['badAdapter', /changes 'embed_tokens'/],
  ],
  worldOf({
    adapters: {
      one: adapterFacts({ target_modules: ['q_proj', 'lm_head'], modules_to_save: ['embed_tokens'] }),
      two: adapterFacts({ trainable_token_indices: [3] }),
    },
  }),
);
check(
  'merges of experts that are more than factors',
  '{"experts": {"math": {"data": {"train": "t.jsonl"}, "lora": {"dora": true}}, "code": {"data": {"train": "u.jsonl"}}, "b": {"adapter": "one"}}, "merges": {"m": {"weights": {⟦"math"⟧: 1, "code": 1, ⟦"b"⟧: 1}}}}',
  [
    ['notFactors', /'math' is trained with DoRA, which a merge into an adapter cannot hold; blend it, or merge into/],
    ['notFactors', /'b' may have trained biases/],
  ],
  worldOf({ data, adapters: { one: adapterFacts({ bias: 'all' }) } }),
);
check(
  'an adapter of another base, with another template, on layers that the base lacks',
  '{"experts": {"a": {"adapter": ⟦"one"⟧}, "b": {"adapter": ⟦"two"⟧}, "c": {"adapter": ⟦"three"⟧}}}',
  [
    ['otherBase', /trained on another base: the hash of its weights was bbbbbbbbbbbb…, this base has aaaaaaaaaaaa…/],
    ['otherTemplate', /another chat template/],
    ['unknownTarget', /the adapter targets 'c_attn'/],
  ],
  worldOf({
    base: { ...(world.base as object), chatTemplate: 'X' } as never,
    adapters: {
      one: adapterFacts({ r: 8 }, { baseHash: 'bbbbbbbbbbbbbbbb' }),
      two: adapterFacts({ r: 8 }, { chatTemplate: 'Y' }),
      three: adapterFacts({ r: 8, target_modules: ['q_proj', 'c_attn'] }, { chatTemplate: 'X\n' }),
    },
  }),
);
check(
  'an expert that was trained on another base',
  `{"experts": {⟦"math"⟧: {"data": {"train": "t.jsonl"}}}}`,
  [['otherBase', /trained on another base/]],
  worldOf({ data, trainedOn: () => ({ baseHash: 'bbbb' }) }),
);
check(
  'an expert that was trained with another template',
  `{"experts": {⟦"math"⟧: {"data": {"train": "t.jsonl"}}, ⟦"code"⟧: {"data": {"train": "u.jsonl"}}, "qa": {"data": {"train": "t.jsonl"}}}}`,
  [
    ['otherTemplate', /trained with another chat template than that of the base/],
    ['otherTemplate', /trained without a chat template, the base has one/],
  ],
  worldOf({
    data,
    base: { ...(world.base as object), chatTemplate: 'X' } as never,
    trainedOn: expert => ({ chatTemplate: { math: 'Y', code: '' }[expert] ?? 'X\n' }),
  }),
);
check('an expert of nothing', '{\n  "experts": {\n    ⟦"math"⟧: {}\n  }\n}', [
  [
    'nothingToTrain',
    /needs 'data'/,
    '{\n  "experts": {\n    "math": {\n      "data": {\n        "train": "math/train.jsonl"\n      }\n    }\n  }\n}',
  ],
]);

test('a bad line is told with its place', () => {
  const bad = worldOf({ data: { 'bad.jsonl': `${line('a')}{"prompt"\n` } });
  const [problem] = recipeProblems(readRecipe('{"experts": {"m": {"data": {"train": "bad.jsonl"}}}}'), bad);
  assert.deepEqual(
    problem!.related!.map(r => [r.file, r.line]),
    [['bad.jsonl', 2]],
  );
});

test('where nothing is known of the world, nothing is said of it', () => {
  const text = `{"base": "x/y", "lora": {"targets": ["nope"]}, ${experts}}`;
  assert.deepEqual(recipeProblems(readRecipe(text), emptyWorld), []);
  assert.ok(parseRecipe(text).recipe);
});
