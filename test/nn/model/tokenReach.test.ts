import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readWeights } from '../../../src/engine/runtime/readWeights.ts';
import { int64s } from '../../../src/engine/runtime/session.ts';
import { type Base, loadBase } from '../../../src/experiment/base.ts';
import { buildReachGraph } from '../../../src/nn/model/tokenReach.ts';
import { outputWeight } from '../../../src/nn/model/transformer.ts';
import { Random } from '../../../src/nn/tensor/random.ts';
import { assertClose } from '../../support/assertClose.ts';
import { goldenBase } from '../../support/goldenBase.ts';
import { reachedProbability } from '../../support/reachedProbability.ts';
import { runGraph } from '../../support/runGraph.ts';

/** The output projection's rows as states on the unit sphere meet them. */
async function metRows(base: Base): Promise<Float32Array> {
  const { config } = base;
  const [head, norm] = [outputWeight(config), `${config.names.norm}.weight`];
  const read = await readWeights(base, [head, norm]);
  const scale = read.get(norm)!.map(x => x * Math.sqrt(config.dim));
  return read.get(head)!.map((x, i) => x * scale[i % config.dim]!);
}

test('at least 99 % of the embedded base’s tokens reach a probability of 0.99', async () => {
  const base = await loadBase('media/base');
  const { dim } = base.config;
  const rows = await metRows(base);
  const count = rows.length / dim;
  const short = Array.from({ length: count }, (_, token) => reachedProbability(rows, dim, token, 0.99)).filter(
    p => p < 0.99,
  );
  assert.ok(short.length <= 0.01 * count, `${short.length} of ${count} stay below`);
});

/** A bound and what is reached, for rows of a projection that stands alone. */
async function boundAndReached(rows: Float32Array, width: number): Promise<[Float32Array, number[]]> {
  const vocab = rows.length / width;
  const config = { ...(await goldenBase('llama_tied')).config, dim: width, vocab, tied: true };
  const graph = buildReachGraph(config, g => name => {
    const norm = name === `${config.names.norm}.weight`;
    return norm ? g.constant(new Float32Array(width).fill(1), [width]) : g.constant(rows, [vocab, width]);
  })!;
  const tokens = Array.from({ length: vocab }, (_, i) => i);
  const { reach } = await runGraph(graph, { tokens: int64s(tokens, [vocab]) });
  const met = rows.map(x => x * Math.sqrt(width));
  return [reach!, tokens.map(token => reachedProbability(met, width, token, 1))];
}

test('rows that are equal share the probability, others keep theirs', async () => {
  const width = 8;
  const random = new Random(5);
  const rows = Float32Array.from({ length: 12 * width }, () => 2 * random.normal());
  rows.copyWithin(9 * width, 3 * width, 4 * width);
  rows.copyWithin(10 * width, 3 * width, 4 * width);
  const [bound, reached] = await boundAndReached(rows, width);
  for (const token of [3, 9, 10]) assert.ok(Math.abs(bound[token]! - 1 / 3) < 1e-3);
  for (const token of [0, 1, 2, 4, 5, 6, 7, 8, 11]) assert.ok(bound[token]! > 0.99);
  reached.forEach((p, token) => assert.ok(p <= bound[token]! + 1e-6));
});

test('the bound is 1 over the sum of exp(−distance), and nothing reaches more', async () => {
  const width = 6;
  const random = new Random(6);
  const rows = Float32Array.from({ length: 20 * width }, () => 0.3 * random.normal());
  const [bound, reached] = await boundAndReached(rows, width);
  const distance = (a: number, b: number) =>
    Math.sqrt(width) *
    Math.hypot(...Array.from({ length: width }, (_, k) => rows[a * width + k]! - rows[b * width + k]!));
  const expected = Float32Array.from(
    { length: 20 },
    (_, a) => 1 / Array.from({ length: 20 }, (_, b) => Math.exp(-distance(a, b))).reduce((x, y) => x + y),
  );
  assertClose(bound, expected, 1e-5);
  reached.forEach((p, token) => assert.ok(p <= bound[token]! + 1e-6));
});

test('a base whose last norm subtracts the mean is not judged', async () => {
  const { config } = await goldenBase('llama_tied');
  assert.equal(
    buildReachGraph({ ...config, norm: 'layer' }, () => () => assert.fail()),
    undefined,
  );
});
