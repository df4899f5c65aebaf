import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findingProblem } from '../../src/review/checkFinding.ts';

const file = [
  'async function load(items, names) {',
  '  const first = await readItem(items[0]);',
  '  for (let i = 0; i < items.length; i++) {',
  '    if (items[i].kind === names[i]) return first;',
  '  }',
];

/** What is said against a finding on a line after the file's; undefined where it is shown. */
function check(text: string, message: string, replacement?: string, languageId = 'javascript', lines = file) {
  const finding = { line: 1, severity: 'warning' as const, message, ...(replacement !== undefined && { replacement }) };
  return findingProblem(finding, { text, number: lines.length + 1, lines: [...lines, text], languageId });
}

test('a slip that is corrected with what is there is shown', () => {
  assert.equal(check('if (items.lenght > 1) {', 'a misspelt name', 'if (items.length > 1) {'), undefined);
  assert.equal(check('  if (first == names) {', 'compares with ==, use ===', 'if (first === names) {'), undefined);
  assert.equal(check('  const next = readItem(1);', 'use await', 'const next = await readItem(1);'), undefined);
  assert.equal(check('  console.log(first);', 'logs to the console, remove it', ''), undefined);
});

test('what cannot be checked, invents, breaks or says something else is not shown', () => {
  const said: [text: string, message: string, replacement: string | undefined, problem: RegExp][] = [
    ['if (first) {', 'is wrong', undefined, /does not say how/],
    ['const a = first;', 'is wrong', 'const a = first; // first', /changes nothing/],
    ['return run(first);', 'is wrong', 'constCase_1(p', /another line/],
    ['if (first) {', 'is wrong', 'if (first {', /does not parse/],
    ['return names(first);', 'is wrong', 'return naming(first);', /names what is not there/],
    ['return first.name;', 'is wrong', 'return items.name;', /takes away/],
    ['if (first < names) {', 'compares with ==, use ===', 'if (first <= names) {', /something else/],
    ['throw new TypeError("x");', 'throws a text, use new Error', 'throw new Error("x");', /something else/],
    ['first.run = function () {', 'assigns in a condition, use ===', 'first.run === function () {', /no condition/],
    ['show(first);', 'does not wait, use await', 'await show(first);', /waited for/],
    ['return first;', 'remove it', '', /is needed/],
    ['const seen = first;', 'unused, remove it', '', /is needed/],
    ['// all of it', 'is wrong', 'all of it', /no code/],
  ];
  for (const [text, message, replacement, problem] of said)
    assert.match(check(text, message, replacement) ?? 'shown', problem, `${text} → ${replacement}`);
});

test('what the whole file does is no mistake', () => {
  const old = ['var a = 1;', 'var b = 2;', 'if (a == b) b = 3;'];
  assert.match(check('var c = a;', 'use let', 'let c = a;', 'javascript', old)!, /written so/);
  assert.match(check('if (a == 3) {', 'use ===', 'if (a === 3) {', 'javascript', old)!, /written so/);
});

test('a line of Python is not told to be JavaScript', () => {
  const python = ['def total(items):', '    count = len(items)'];
  const problem = check('    if count == 0:', 'compares with ==, use ===', 'if count === 0:', 'python', python);
  assert.match(problem!, /written so/);
});
