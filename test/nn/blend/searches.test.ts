import assert from 'node:assert/strict';
import test from 'node:test';
import { evolutionStrategy } from '../../../src/nn/blend/evolutionStrategy.ts';
import { proximalGradient } from '../../../src/nn/blend/proximalGradient.ts';
import { weightObjective, weightPenalty } from '../../../src/nn/blend/weightObjective.ts';
import { Random } from '../../../src/nn/tensor/random.ts';
import { assertClose } from '../../support/assertClose.ts';

/** ½ Σ cᵢ (wᵢ − tᵢ)², with curvatures c two orders apart. */
function bowl(target: number[], curvature: number[]) {
  const cost = (w: readonly number[]) => w.reduce((sum, x, i) => sum + (curvature[i]! / 2) * (x - target[i]!) ** 2, 0);
  const gradient = (w: readonly number[]) => w.map((x, i) => curvature[i]! * (x - target[i]!));
  return { cost, gradient };
}

test('the gradient search ends where the penalised minimum is, bounds and zeros met exactly', async () => {
  const { cost, gradient } = bowl([0.8, 0.02, -0.4, 3], [1, 1, 100, 0.5]);
  const objectives: number[] = [];
  const found = await proximalGradient(
    async w => {
      objectives.push(weightObjective(cost(w), w));
      return { cost: cost(w), gradient: gradient(w) };
    },
    [0.25, 0.25, 0.25, 0.25],
    60,
  );
  // In closed form: the target, moved towards 0 by penalty / curvature, within ±1.5.
  assertClose(found, [0.8 - weightPenalty, 0, -0.4 + weightPenalty / 100, 1.5], 2e-3, 'weights');
  assert.equal(found[1], 0);
  assert.equal(found[3], 1.5);
  assert.ok(objectives.length < 40, `${objectives.length} evaluations`);
});

test('the gradient search takes no more evaluations than it may, and none of them raises what it keeps', async () => {
  // Two valleys: where the curvature is negative, a step from the last two gradients would go uphill.
  const cost = (w: number[]) => (w[0]! ** 2 - 1) ** 2 + 0.2 * w[0]!;
  let taken = 0;
  const found = await proximalGradient(
    async w => {
      taken++;
      return { cost: cost(w), gradient: [4 * w[0]! * (w[0]! ** 2 - 1) + 0.2] };
    },
    [0.1],
    12,
  );
  assert.ok(taken <= 12, `${taken}`);
  assert.ok(weightObjective(cost(found), found) < weightObjective(cost([0.1]), [0.1]) - 0.5, `${found}`);
});

test('the evolution strategy finds the minimum of a cost in steps, the same with the same seed', async () => {
  // Shares of 25 answers, as a score has them: flat nearly everywhere.
  const { cost } = bowl([0.9, -0.3, 0], [1, 1, 1]);
  const stepped = async (w: number[]) => Math.round(25 * Math.min(1, cost(w))) / 25;
  const start = [1 / 3, 1 / 3, 1 / 3];
  const search = (seed: number) => evolutionStrategy(stepped, start, 40, new Random(seed));
  const objectives: number[] = [];
  for (let seed = 1; seed <= 10; seed++) {
    const found = await search(seed);
    assert.deepEqual(await search(seed), found);
    assert.ok(found.every(w => Math.abs(w) <= 1.5));
    objectives.push(weightObjective(await stepped(found), found));
  }
  const before = weightObjective(await stepped(start), start);
  const best = weightObjective(0, [0.9, -0.3, 0]);
  assert.ok(objectives.every(o => o <= before));
  const mean = objectives.reduce((a, b) => a + b, 0) / objectives.length;
  // 0.41 at the start, 0.06 at best.
  assert.ok(mean < best + 0.25 * (before - best), `${mean} of ${before} to ${best}`);
});
