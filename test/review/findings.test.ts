import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Finding, parseFindings, reviewAnswer, severities } from '../../src/review/findings.ts';

function check(answer: string, expected: Finding[], dropped = 0): void {
  assert.deepEqual(parseFindings(answer, 9), { findings: expected, dropped });
}

const loose: Finding = {
  line: 2,
  severity: 'warning',
  message: 'compares with ==, use ===',
  replacement: 'if (a === b) {',
};
const logs: Finding = { line: 3, severity: 'info', message: 'logs to the console, remove it', replacement: '' };

test('the form that experts learn', () => {
  const answer = [
    '2 warning: compares with ==, use === | if (a === b) {',
    '3 info: logs to the console, remove it |',
    '4 warning: is never used',
  ].join('\n');
  const unused: Finding = { line: 4, severity: 'warning', message: 'is never used' };
  assert.equal(reviewAnswer([loose, logs, unused]), answer);
  check(answer, [loose, logs, unused]);
  assert.equal(reviewAnswer([]), 'none');
  check('none', []);
  check('None.', []);
});

test('a bar in code is not the one before the replacement', () => {
  check('1 error: a || b is always true', [{ line: 1, severity: 'error', message: 'a || b is always true' }]);
  check('1 error: wrong sign | x = a | b || c;', [
    { line: 1, severity: 'error', message: 'wrong sign', replacement: 'x = a | b || c;' },
  ]);
});

test('what larger models make of the form', () => {
  check('```\n- Line 2. **Warning**: compares with ==, use === | `if (a === b) {`\r\n```\n\nNone.', [loose]);
  check('2+ bug: wrong', [{ line: 2, severity: 'error', message: 'wrong' }]);
});

test('what names no line, says nothing or repeats itself is dropped and counted', () => {
  check('0 error: a\n10 error: b\n1 fatal: c\n1 error:\nHere are my findings:\n1 constructor: d', [], 6);
  check(
    '1 error: a\n1 error: a\n1 error: b',
    [
      { line: 1, severity: 'error', message: 'a' },
      { line: 1, severity: 'error', message: 'b' },
    ],
    1,
  );
});

test('what is written is what is read (property)', () => {
  const words = fc.stringMatching(/^[a-z=!.,][a-z =!.,]{0,20}[a-z=!.,]$/).filter(text => !/ {2}/.test(text));
  const finding = fc.record(
    {
      line: fc.integer({ min: 1, max: 9 }),
      severity: fc.constantFrom(...severities),
      message: words,
      replacement: fc.oneof(words, fc.constant('')),
    },
    { requiredKeys: ['line', 'severity', 'message'], noNullPrototype: true },
  );
  fc.assert(
    fc.property(fc.uniqueArray(finding, { selector: f => `${f.line} ${f.message}` }), findings =>
      check(reviewAnswer(findings), findings),
    ),
  );
});

test('any answer is read, and names existing lines alone (fuzz)', () => {
  const piece = fc.oneof(fc.constantFrom('1', '12', ' error: ', ' | ', '\n', 'none', '```'), fc.string());
  fc.assert(
    fc.property(fc.array(piece), pieces => {
      for (const { line } of parseFindings(pieces.join(''), 3).findings) assert.ok(line >= 1 && line <= 3);
    }),
  );
});
