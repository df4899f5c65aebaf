import assert from 'node:assert/strict';
import test from 'node:test';
import { crossFit } from '../../../src/engine/blending/crossFit.ts';
import type { WeightJudge } from '../../../src/engine/blending/weightJudge.ts';

/** Two experts, of which the first answers examples below `split` and the second the others: a weight of 1 makes no error. */
function judgeOf(count: number, split: number) {
  const searched: number[][] = [];
  const judged: { weights: readonly number[]; examples: readonly number[] }[] = [];
  const judge: WeightJudge = {
    experts: 2,
    counts: Array.from({ length: count }, (_, i) => 1 + (i % 3)),
    evaluations: 1,
    async costs(weights, examples) {
      judged.push({ weights, examples });
      return examples.map(i => Math.abs(1 - weights[i < split ? 0 : 1]!));
    },
    async search(examples) {
      searched.push([...examples]);
      return examples.some(i => i < split) ? [1, 1] : [0, 1];
    },
    dispose: async () => {},
  };
  return { judge, searched, judged };
}

test('each example is judged once, by weights that were found without it', async () => {
  const { judge, searched, judged } = judgeOf(12, 6);
  const { weights, ofParts, cost, controls } = await crossFit(judge, 5, 3, () => {});
  assert.deepEqual(weights, [1, 1]);
  assert.equal(ofParts.length, 5);
  const all = [...Array(12).keys()];
  // The last search is of all; each before it of what its part leaves.
  assert.deepEqual(searched.at(-1), all);
  const parts = judged.filter(({ weights }) => weights[0] === 1 && weights[1] === 1);
  assert.deepEqual(
    parts.flatMap(({ examples }) => examples).sort((a, b) => a - b),
    all,
  );
  for (const [i, { examples }] of parts.entries())
    assert.deepEqual(
      [...examples, ...searched[i]!].sort((a, b) => a - b),
      all,
    );
  assert.equal(cost, 0);
  // Half a weight misses by a half everywhere.
  const equal = controls.find(({ kind }) => kind === 'equal')!;
  assert.deepEqual([equal.cost, equal.difference, equal.low, equal.high], [0.5, -0.5, -0.5, -0.5]);
});

test('the best expert is chosen without what it is measured on', async () => {
  // All that the first expert can answer is one example: it is never the best on the others.
  const { judge } = judgeOf(10, 1);
  const { controls } = await crossFit(judge, 10, 1, () => {});
  const { expert, cost } = controls.find(({ kind }) => kind === 'expert')!;
  assert.equal(expert, 1);
  // Example 0, of weight 1 among 1 + 2 + 3 + …
  assert.ok(Math.abs(cost - 1 / 19) < 1e-12, `${cost}`);
});
