import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Adapter } from '../../../src/nn/lora/adapter.ts';
import { randomLike } from '../../../src/nn/lora/randomAdapter.ts';
import { Random } from '../../../src/nn/tensor/random.ts';

const random = new Random(3);
const matrix = (rows: number, cols: number) => ({
  rows,
  cols,
  data: Float32Array.from({ length: rows * cols }, () => random.normal()),
});
const adapter: Adapter = {
  name: 'math',
  config: { rank: 2, alpha: 4, rslora: false },
  modules: new Map([
    ['a', { A: matrix(2, 5), B: matrix(4, 2), scaling: 2 }],
    ['b', { A: matrix(3, 6), B: { ...matrix(6, 3), data: new Float32Array(18) }, scaling: 0.5 }],
  ]),
};

/** ‖scaling · B · A‖, entry by entry. */
function norm({ A, B, scaling }: NonNullable<ReturnType<Adapter['modules']['get']>>): number {
  let sum = 0;
  for (let i = 0; i < B.rows; i++)
    for (let j = 0; j < A.cols; j++) {
      let entry = 0;
      for (let k = 0; k < A.rows; k++) entry += B.data[i * B.cols + k]! * A.data[k * A.cols + j]!;
      sum += (scaling * entry) ** 2;
    }
  return Math.sqrt(sum);
}

test('a random adapter has each layer’s norm, and nothing of its direction', () => {
  const drawn = randomLike(adapter, 'random', 7);
  assert.equal(drawn.name, 'random');
  assert.deepEqual([...drawn.modules.keys()], ['a', 'b']);
  const [own, other] = [adapter.modules.get('a')!, drawn.modules.get('a')!];
  assert.ok(Math.abs(norm(other) / norm(own) - 1) < 1e-5);
  assert.notDeepEqual(other.A.data, own.A.data);
  assert.equal(norm(drawn.modules.get('b')!), 0, 'an untrained layer stays one');
});

test('a seed gives the same numbers, another seed others', () => {
  const first = (seed: number) => randomLike(adapter, 'random', seed).modules.get('a')!.A.data;
  assert.deepEqual(first(7), first(7));
  assert.notDeepEqual(first(7), first(8));
});
