import assert from 'node:assert/strict';
import { test } from 'node:test';
import { foldingsOf } from '../../../src/recipe/language/folding.ts';
import { readRecipe } from '../../../src/recipe/parse.ts';

/** Expected are the first and last line, from 1, and the kind. */
function check(name: string, text: string, expected: string[]): void {
  test(name, () => {
    const found = foldingsOf(readRecipe(text)).map(f => `${f.start + 1}-${f.end + 1}${f.kind ? ` ${f.kind}` : ''}`);
    assert.deepEqual(found, expected);
  });
}

check(
  'objects and lists keep their last bracket',
  '{\n  "lora": {\n    "rank": 4\n  },\n  "steps": [\n    {}\n  ]\n}\n',
  ['1-7', '2-3', '5-6'],
);
check(
  'what stands in one line is not folded, whatever its line breaks',
  '{\r\n  "lora": { "rank": 4 },\r\n  "seed": 1\r\n}',
  ['1-3'],
);
check('comments that follow one another', '{\n  // one\n  // two\n  "seed": 1, // three\n  /* four\n     five */\n}', [
  '1-6',
  '2-3 comment',
  '4-6 comment',
]);
check(
  'regions, and a recipe that does not parse',
  '{\n  // #region a\n  "lora": {\n    "rank": 4\n  }\n  // #endregion\n',
  ['1-5', '3-4', '2-6 region'],
);
