import assert from 'node:assert/strict';
import test from 'node:test';
import { measuredText } from '../../../src/extension/merge/measuredText.ts';
import type { Measured } from '../../../src/protocol/engine/evaluating.ts';

const measured = (set: string, system: string, correct: number, total: number): Measured => ({
  set,
  system,
  score: { system, kind: 'expert', set, correct, total, low: 0, high: 1 },
  path: `${set}.jsonl`,
  wrong: [],
});

test('a merge is told beside the expert that each set is of', () => {
  const all = [
    measured('math', 'both', 3, 4),
    measured('math', 'sums', 4, 4),
    measured('open', 'both', 1, 1),
    measured('none', 'both', 0, 0),
  ];
  assert.equal(
    measuredText('both', all),
    'both: math 75.0 % of 4 answers right (sums alone 100.0 %); open 100.0 % of 1 answer right; none 0.0 % of 0 answers right.',
  );
});
