import assert from 'node:assert/strict';
import test from 'node:test';
import { testedSets } from '../../../src/extension/minima/minimumItems.ts';
import { missedText, promptLine } from '../../../src/extension/minima/minimumTexts.ts';
import type { Measured } from '../../../src/protocol/engine/evaluating.ts';

const text = `{
  "experts": { "math": { "adapter": "a" } },
  "evaluation": {
    "sets": {
      // Each minimum is a test.
      "sums": { "data": "held.jsonl", "expert": "math", "minimum": { "math": 0.9, "auto": 0.85 } },
      "plain": { "data": "plain.jsonl", "expert": "math" },
    }
  }
}`;

test('each minimum is a test at its place; a set without one has a test of its expert', () => {
  const sets = testedSets(text);
  assert.deepEqual(
    sets.map(s => [s.name, s.tests.map(t => [t.system, t.minimum, t.label])]),
    [
      [
        'sums',
        [
          ['math', 0.9, 'math ≥ 90.0 %'],
          ['auto', 0.85, 'Auto ≥ 85.0 %'],
        ],
      ],
      ['plain', [['math', undefined, 'math (no minimum)']]],
    ],
  );
  const at = ({ start, end }: { start: number; end: number }) => text.slice(start, end);
  assert.equal(at(sets[0]!.tests[1]!.place), '"auto": 0.85');
  assert.match(at(sets[1]!.place), /^"plain": \{.*\}$/);
  assert.deepEqual([testedSets('{'), testedSets(''), testedSets('{ "evaluation": 3 }')], [[], [], []]);
});

test('a failure says score, interval and minimum, and whether that may be chance', () => {
  const measured: Measured = {
    ...{ set: 'sums', system: 'math', path: '/held.jsonl', wrong: [] },
    score: { system: 'math', kind: 'expert', set: 'sums', correct: 3, total: 4, low: 0.301, high: 0.954 },
  };
  const check = (minimum: number, isPassed = false) => ({ set: 'sums', system: 'math', minimum, isPassed });
  assert.equal(missedText(measured, check(0.7, true)), undefined);
  assert.equal(missedText(measured, undefined), undefined);
  assert.equal(
    missedText(measured, check(0.99)),
    'math on sums: 75.0 % right (95 % interval 30.1–95.4), 3 of 4; the minimum is 99.0 %.',
  );
  assert.match(missedText(measured, check(0.9))!, /The minimum lies within the interval/);
});

test('a prompt is shown on one line', () => {
  assert.equal(promptLine(' a\n b '), 'a b');
  assert.equal(promptLine('x'.repeat(100)).length, 80);
});
