import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { parse } from 'jsonc-parser';
import { addExpert, changedPart, removeSetting, saveBlend, writeSetting } from '../../src/recipe/edit.ts';
import { parseRecipe } from '../../src/recipe/parse.ts';

const options = { allowTrailingComma: true };

const written: [name: string, text: string, path: string[], value: unknown, expected: string][] = [
  [
    'in the place of the one that is there',
    '{\n  "lora": { "rank": 8 /* small */ }, // ours\n}',
    ['lora', 'rank'],
    16,
    '{\n  "lora": { "rank": 16 /* small */ }, // ours\n}',
  ],
  [
    'behind the last, with its comment',
    '{\n  "training": {\n    "steps": 60 // few\n  }\n}\n',
    ['training', 'batchSize'],
    4,
    '{\n  "training": {\n    "steps": 60, // few\n    "batchSize": 4\n  }\n}\n',
  ],
  [
    'on the line of an object of one line',
    '{ "lora": { "rank": 8 } }',
    ['lora', 'alpha'],
    4,
    '{ "lora": { "rank": 8, "alpha": 4 } }',
  ],
  [
    'with the object that it belongs to',
    '{\n  "seed": 1 // fixed\n}\n',
    ['experts', 'math', 'lora', 'rank'],
    4,
    '{\n  "seed": 1, // fixed\n  "experts": { "math": { "lora": { "rank": 4 } } }\n}\n',
  ],
  ['in the place of what is no object', '{ "lora": 5 }', ['lora', 'rank'], 4, '{ "lora": { "rank": 4 } }'],
  ['into an empty recipe', '{}', ['seed'], 2, '{\n  "seed": 2\n}'],
];

for (const [name, text, path, value, expected] of written)
  test(`a setting is written ${name}`, () => assert.equal(writeSetting(text, path, value), expected));

const removed: [name: string, text: string, path: string[], expected: string][] = [
  [
    'a line of its own goes',
    '{\n  "training": {\n    // why\n    "steps": 60,\n    "seed": 1\n  }\n}',
    ['training', 'steps'],
    '{\n  "training": {\n    // why\n    "seed": 1\n  }\n}',
  ],
  [
    'the last one takes the comma before it along',
    '{\n  "seed": 1, // fixed\n  "name": "a"\n}',
    ['name'],
    '{\n  "seed": 1 // fixed\n}',
  ],
  [
    'a comment behind it stays',
    '{\n  "seed": 1, // fixed\n  "name": "a"\n}',
    ['seed'],
    '{\n // fixed\n  "name": "a"\n}',
  ],
  ['within a line', '{ "lora": { "rank": 8, "alpha": 4 } }', ['lora', 'rank'], '{ "lora": { "alpha": 4 } }'],
  ['the only one', '{ "lora": { "rank": 8 } }', ['lora', 'rank'], '{ "lora": { } }'],
  ['a trailing comma stays none', '{ "seed": 1, "name": "a", }', ['name'], '{ "seed": 1, }'],
  ['what is not there', '{ "seed": 1 }', ['lora', 'rank'], '{ "seed": 1 }'],
];

for (const [name, text, path, expected] of removed)
  test(`a setting is taken out: ${name}`, () => assert.equal(removeSetting(text, path), expected));

test('whatever is written can be read, and every comment stays (property)', () => {
  const key = fc.constantFrom('a', 'b', 'c');
  const space = fc.constantFrom('', ' ', '\n  ', ' /* x */ ', ' // y\n', '\r\n');
  const object = (depth: number): fc.Arbitrary<string> =>
    fc
      .tuple(fc.uniqueArray(key, { maxLength: 3 }), fc.array(space, { minLength: 14, maxLength: 14 }), fc.boolean())
      .chain(([keys, spaces, isTrailing]) =>
        fc
          .tuple(...keys.map(() => (depth > 0 ? fc.oneof(fc.constant('1'), object(depth - 1)) : fc.constant('1'))))
          .map(values => {
            const members = keys.map(
              (k, i) =>
                `${spaces[4 * i]}"${k}"${spaces[4 * i + 1]}:${spaces[4 * i + 2]}${values[i]}${spaces[4 * i + 3]}`,
            );
            return `{${members.join(',')}${isTrailing && keys.length > 0 ? ',' : ''}${spaces[13]}}`;
          }),
      );
  const comments = (text: string) => text.match(/\/\* x \*\/|\/\/ y/g)?.length ?? 0;
  fc.assert(
    fc.property(object(2), fc.array(key, { minLength: 1, maxLength: 3 }), (text, path) => {
      const before = parse(text, [], options);
      const after = writeSetting(text, path, 7);
      const errors: unknown[] = [];
      const value = parse(after, errors as never, options);
      assert.deepEqual(errors, [], after);
      assert.equal(
        path.reduce((v, k) => v?.[k], value),
        7,
      );
      const without = removeSetting(after, path);
      const rest = parse(without, errors as never, options);
      assert.deepEqual(errors, [], without);
      assert.equal(
        path.reduce((v, k) => v?.[k], rest),
        undefined,
      );
      // A value whose place was taken takes its comments along.
      if (path.reduce((v, k) => v?.[k], before) === undefined && before[path[0]!] !== 1)
        assert.equal(comments(without), comments(text), without);
    }),
    { numRuns: 500 },
  );
});

const b = '"b": { "data": { "train": "b.jsonl" } }';

const addedExperts: [name: string, text: string, expected: string][] = [
  [
    'behind the last, with its comment',
    '{\n  // ours\n  "experts": {\n    "a": { "data": { "train": "a.jsonl" } } // first, last\n  }\n}\n',
    `{\n  // ours\n  "experts": {\n    "a": { "data": { "train": "a.jsonl" } }, // first, last\n    ${b}\n  }\n}\n`,
  ],
  [
    'trailing commas stay',
    '{\r\n\t"experts": {\r\n\t\t"a": { "adapter": "a" }, // x\r\n\t},\r\n}',
    `{\r\n\t"experts": {\r\n\t\t"a": { "adapter": "a" }, // x\r\n\t\t${b},\r\n\t},\r\n}`,
  ],
  ['no expert yet', '{\n  "experts": {},\n  "seed": 1\n}', `{\n  "experts": {\n    ${b}\n  },\n  "seed": 1\n}`],
  ['no experts at all', '{\n  "seed": 1\n}', `{\n  "seed": 1,\n  "experts": { ${b} }\n}`],
];

for (const [name, text, expected] of addedExperts)
  test(`an expert is added: ${name}`, () => {
    const added = addExpert(text, 'b', { train: 'b.jsonl' });
    assert.equal(added, expected);
    assert.deepEqual(parseRecipe(added).recipe!.experts.b, { data: { train: 'b.jsonl' } });
  });

test('a recipe on one line, and an empty one', () => {
  for (const text of ['{"experts":{"a":{"adapter":"a"}}}', '{}', '{ }', '{"experts":{}}'])
    assert.deepEqual(
      parseRecipe(addExpert(text, 'b', { train: 'b.jsonl' })).recipe!.experts.b,
      { data: { train: 'b.jsonl' } },
      text,
    );
});

const experts = '"experts": { "a": { "adapter": "a" }, "b": { "adapter": "b" } }';

const savedBlends: [name: string, text: string, expected: string][] = [
  [
    'behind the last, with its comment',
    `{\n  ${experts},\n  "blends": {\n    "one": { "a": 1 } // alone\n  }\n}\n`,
    `{\n  ${experts},\n  "blends": {\n    "one": { "a": 1 }, // alone\n    "mix": { "a": 0.75, "b": -0.25 }\n  }\n}\n`,
  ],
  [
    'in the place of one of this name',
    `{ ${experts}, "blends": { /* ours */ "mix": { "a": 1 }, "one": { "a": 1 }, } }`,
    `{ ${experts}, "blends": { /* ours */ "mix": { "a": 0.75, "b": -0.25 }, "one": { "a": 1 }, } }`,
  ],
  [
    'no blends yet',
    `{\n  ${experts} // two\n}\n`,
    `{\n  ${experts}, // two\n  "blends": { "mix": { "a": 0.75, "b": -0.25 } }\n}\n`,
  ],
];

for (const [name, text, expected] of savedBlends)
  test(`a blend is saved: ${name}`, () => {
    const saved = saveBlend(text, 'mix', { a: 0.75, b: -0.25 });
    assert.equal(saved, expected);
    assert.deepEqual(parseRecipe(saved).recipe!.blends.mix, { a: 0.75, b: -0.25 });
  });

test('put in its place it makes one text the other, and begins and ends with what differs (property)', () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'b', '\n'), maxLength: 12 });
  fc.assert(
    fc.property(text, text, (before, after) => {
      const { start, end, text: part } = changedPart(before, after);
      assert.equal(before.slice(0, start) + part + before.slice(end), after);
      if (part && start < end) assert.notEqual(part[0], before[start]);
      if (part && start < end) assert.notEqual(part.at(-1), before[end - 1]);
    }),
  );
});
