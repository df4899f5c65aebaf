import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { slipsOf } from '../../src/review/slips.ts';

const file = [
  'const names = await readNames(items);',
  'let count = 0;',
  'if (count === items.length) show(names);',
  'export const show = list => list.length;',
];

const check = (line: string, expected: string[], lines = file, languageId = 'javascript') =>
  assert.deepEqual(
    slipsOf([...lines, line], lines.length + 1, languageId).map(slip => slip.replacement),
    expected,
    line,
  );

test('what a line may have been meant to be', () => {
  check('  if (count == 1) {', ['if (count === 1) {']);
  check('if (count = 1) {', ['if (count === 1) {']);
  check('for (let i = 0; i <= items.length; i++) {', ['for (let i = 0; i < items.length; i++) {']);
  check('if (count > 1); {', ['if (count > 1) {']);
  check('if (count === NaN) {', ['if (Number.isNaN(count)) {']);
  check('var total = count;', ['const total = count;']);
  check('readNames(items);', ['await readNames(items);']);
  check('count = items.lenght;', ['count = items.length;']);
  check('throw "no names";', ['throw new Error("no names");']);
  check('debugger;', ['']);
  check('console.log(count);', ['']);
});

test('a line without a slip has none', () => {
  for (const line of [
    'count = names.length;',
    'if (count == null) return;',
    'const lengths = names.map(show);',
    'if (!count) count = names.size;',
    'console.error(names);',
    'show(names);',
    '// var a == 1',
    '',
  ])
    check(line, []);
});

test('a style that the file has throughout is no slip', () => {
  const old = ['var a = 1;', 'var b = 2;', 'if (a == b) a = 3;', 'if (a != 2) b = 1;'];
  check('var c = 3;', [], old);
  check('if (a == 3) {', [], old);
});

test('a name that is written again is no constant', () => {
  check('var total = 0;', ['let total = 0;'], ['let a = 1;', 'total += a;']);
});

test('any lines have slips that are other lines (fuzz)', () => {
  fc.assert(
    fc.property(fc.array(fc.string(), { minLength: 1, maxLength: 5 }), lines => {
      for (const { replacement } of slipsOf(lines, 1, 'javascript')) assert.notEqual(replacement, lines[0]!.trim());
    }),
  );
});
