import assert from 'node:assert/strict';
import test from 'node:test';
import type { Report } from '../../src/protocol/report.ts';
import { scoresText } from '../../src/text/scores.ts';

const score = (kind: string, system: string, set: string, correct: number) => ({
  kind,
  system,
  set,
  correct,
  total: 200,
});

test('each expert on its own set, beside the base; a set of nobody says nothing', () => {
  const report = {
    sets: [{ name: 'math', expert: 'math' }, { name: 'hard', expert: 'math' }, { name: 'two' }],
    scores: [
      score('base', 'base', 'math', 1),
      score('expert', 'math', 'math', 190),
      score('expert', 'code', 'math', 3),
      score('expert', 'math', 'hard', 50),
      score('routed', 'routed', 'two', 9),
    ],
  } as unknown as Report;
  assert.equal(scoresText(report), 'Right answers: math 95.0 % (base 0.5 %), math on hard 25.0 %.');
  assert.equal(scoresText({ ...report, scores: [] }), '');
  const sets = ['a', 'b', 'c', 'd', 'e'].map(name => ({ name, expert: 'math' })) as Report['sets'];
  const scores = sets.map(({ name }) => score('expert', 'math', name, 200)) as unknown as Report['scores'];
  assert.match(scoresText({ sets, scores }), /math on d 100\.0 %, and 1 more\.$/);
});
