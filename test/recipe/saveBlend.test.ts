import assert from 'node:assert/strict';
import test from 'node:test';
import { parseRecipe } from '../../src/recipe/parseRecipe.ts';
import { saveBlend } from '../../src/recipe/saveBlend.ts';

const experts = '"experts": { "a": { "adapter": "a" }, "b": { "adapter": "b" } }';

const cases: [name: string, text: string, expected: string][] = [
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

for (const [name, text, expected] of cases)
  test(`a blend is saved: ${name}`, () => {
    const saved = saveBlend(text, 'mix', { a: 0.75, b: -0.25 });
    assert.equal(saved, expected);
    assert.deepEqual(parseRecipe(saved).recipe!.blends.mix, { a: 0.75, b: -0.25 });
  });
