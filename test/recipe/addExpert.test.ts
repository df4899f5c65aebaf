import assert from 'node:assert/strict';
import test from 'node:test';
import { addExpert } from '../../src/recipe/addExpert.ts';
import { parseRecipe } from '../../src/recipe/parseRecipe.ts';

const b = '"b": { "data": { "train": "b.jsonl" } }';

const cases: [name: string, text: string, expected: string][] = [
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

for (const [name, text, expected] of cases)
  test(`an expert is added: ${name}`, () => {
    const added = addExpert(text, 'b', 'b.jsonl');
    assert.equal(added, expected);
    assert.deepEqual(parseRecipe(added).recipe!.experts.b, { data: { train: 'b.jsonl' } });
  });

test('a recipe on one line, and an empty one', () => {
  for (const text of ['{"experts":{"a":{"adapter":"a"}}}', '{}', '{ }', '{"experts":{}}'])
    assert.deepEqual(
      parseRecipe(addExpert(text, 'b', 'b.jsonl')).recipe!.experts.b,
      { data: { train: 'b.jsonl' } },
      text,
    );
});
