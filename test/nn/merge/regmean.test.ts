import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LoraFactors } from '../../../src/nn/lora/adapter.ts';
import { type InputSums, type RegmeanTerm, regmeanLayers } from '../../../src/nn/merge/regmean.ts';
import { Random } from '../../../src/nn/tensor/random.ts';
import { assertClose } from '../../support/assertClose.ts';

const [n, out] = [6, 5];
const random = new Random(3);
const numbers = (length: number) => Float32Array.from({ length }, () => random.normal());

function factors(rank: number, scaling: number): LoraFactors {
  return {
    A: { rows: rank, cols: n, data: numbers(rank * n) },
    B: { rows: out, cols: rank, data: numbers(out * rank) },
    scaling,
  };
}

function delta({ A, B, scaling }: LoraFactors): Float64Array {
  const d = new Float64Array(out * n);
  for (let o = 0; o < out; o++)
    for (let i = 0; i < n; i++)
      for (let r = 0; r < A.rows; r++) d[o * n + i]! += scaling * B.data[o * A.rows + r]! * A.data[r * n + i]!;
  return d;
}

/** Inputs of an expert's tokens, [tokens, n], and what RegMean knows of them. */
function texts(tokens: number, weight: number, expert: LoraFactors) {
  const x = numbers(tokens * n);
  const gram = new Float64Array(n * n);
  for (let t = 0; t < tokens; t++)
    for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) gram[i * n + j]! += weight * x[t * n + i]! * x[t * n + j]!;
  const cross = new Float64Array(expert.A.rows * n);
  for (let r = 0; r < expert.A.rows; r++)
    for (let j = 0; j < n; j++)
      for (let i = 0; i < n; i++) cross[r * n + j]! += expert.A.data[r * n + i]! * gram[i * n + j]!;
  return { x, tokens, weight, gram, cross };
}

/** Σₑ wₑ‖Xₑ(D − Dₑ)ᵀ‖². */
function squaredError(d: Float64Array, parts: { x: Float32Array; weight: number; own: Float64Array }[]): number {
  let sum = 0;
  for (const { x, weight, own } of parts)
    for (let t = 0; t < x.length / n; t++)
      for (let o = 0; o < out; o++) {
        let y = 0;
        for (let i = 0; i < n; i++) y += x[t * n + i]! * (d[o * n + i]! - own[o * n + i]!);
        sum += weight * y * y;
      }
  return sum;
}

function twoExperts(weights: [number, number]) {
  const experts = [factors(2, 2), factors(3, 0.5)] as const;
  const data = experts.map((e, i) => texts(20 + 10 * i, weights[i]!, e));
  const gram = data[0]!.gram.map((x, i) => x + data[1]!.gram[i]!);
  const diagonals = data.map(d => Float64Array.from({ length: n }, (_, i) => d.gram[i * n + i]!));
  const sums: InputSums = { gram, diagonals, weights };
  const terms = experts.map((e, i): RegmeanTerm => ({ expert: i, factors: e, cross: data[i]!.cross }));
  const parts = data.map((d, i) => ({ x: d.x, weight: d.weight, own: delta(experts[i]!) }));
  return { sums, terms, parts };
}

test('no delta is nearer to what the experts give to their own inputs; rank Σr, and B as it was', () => {
  for (const weights of [
    [1, 1],
    [0.3, 2],
  ] as [number, number][]) {
    const { sums, terms, parts } = twoExperts(weights);
    const { modules, squares } = regmeanLayers(sums, new Map([['q', terms]]), 0);
    const merged = modules.get('q')!;
    assert.deepEqual([merged.A.rows, merged.B.cols, merged.scaling], [5, 5, 1]);
    for (let o = 0; o < out; o++)
      assert.deepEqual(
        [...merged.B.data.subarray(o * 5, o * 5 + 2)],
        [...terms[0]!.factors.B.data.subarray(o * 2, o * 2 + 2)],
      );
    const d = delta(merged);
    const least = squaredError(d, parts);
    assertClose([squares.merged / least], [1], 1e-5, 'squared error');
    assertClose([squares.outputs / squaredError(new Float64Array(out * n), parts)], [1], 1e-5, 'outputs');
    const mean = parts[0]!.own.map((x, i) => (x + parts[1]!.own[i]!) / 2);
    assertClose([squares.mean / squaredError(mean, parts)], [1], 1e-5, 'of the mean');
    for (let i = 0; i < d.length; i++)
      for (const step of [-1e-3, 1e-3]) {
        const other = d.slice();
        other[i]! += step;
        assert.ok(squaredError(other, parts) > least);
      }
  }
});

test('one expert stays as it is; with all of the shrinkage only diagonals count', () => {
  const { sums, terms } = twoExperts([1, 1]);
  const alone = texts(30, 1, terms[0]!.factors);
  const diagonal = Float64Array.from({ length: n }, (_, i) => alone.gram[i * n + i]!);
  const one: InputSums = { gram: alone.gram, diagonals: [diagonal], weights: [1] };
  const layers = new Map([['q', [{ ...terms[0]!, cross: alone.cross }]]]);
  for (const shrinkage of [0, 0.5, 1])
    assertClose(
      delta(regmeanLayers(one, layers, shrinkage).modules.get('q')!),
      delta(terms[0]!.factors),
      1e-5,
      'alone',
    );
  const found = delta(regmeanLayers(sums, new Map([['q', terms]]), 1).modules.get('q')!);
  const expected = new Float64Array(out * n);
  for (const [e, { factors: own }] of terms.entries())
    delta(own).forEach((x, at) => {
      expected[at]! += (x * sums.diagonals[e]![at % n]!) / sums.gram[(at % n) * n + (at % n)]!;
    });
  assertClose(found, expected, 1e-5, 'diagonals');
});

test('where inputs say nothing, always 0 or fewer than there are, A is the experts’ mean', () => {
  const { terms } = twoExperts([1, 1]);
  const few = texts(2, 1, terms[0]!.factors);
  const diagonal = Float64Array.from({ length: n }, (_, i) => few.gram[i * n + i]!);
  for (const gram of [few.gram, new Float64Array(n * n)]) {
    const sums = { gram, diagonals: [gram === few.gram ? diagonal : new Float64Array(n)], weights: [1] };
    const cross = gram === few.gram ? few.cross : new Float64Array(few.cross.length);
    const { modules } = regmeanLayers(sums, new Map([['q', [{ ...terms[0]!, cross }]]]), 0);
    const { A } = modules.get('q')!;
    assert.ok(A.data.every(Number.isFinite));
    if (gram !== few.gram)
      assertClose(
        A.data,
        terms[0]!.factors.A.data.map(x => x * terms[0]!.factors.scaling),
        1e-6,
        'the mean',
      );
    else {
      const parts = [{ x: few.x, weight: 1, own: delta(terms[0]!.factors) }];
      const error = squaredError(delta(modules.get('q')!), parts);
      assert.ok(error < 1e-6 * squaredError(new Float64Array(out * n), parts), String(error));
    }
  }
});
