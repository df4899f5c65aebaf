import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import type { Adapter } from '../../../src/nn/lora/adapter.ts';
import { type MergeOptions, mergeAdapters } from '../../../src/nn/merge/merge.ts';
import type { WeightedAdapter } from '../../../src/nn/merge/mergeError.ts';
import { type MajoritySign, methodParts } from '../../../src/nn/merge/mergeMethods.ts';
import type { Matrix } from '../../../src/nn/tensor/dtype.ts';
import type { MergeMethod } from '../../../src/protocol/mergeMethod.ts';
import { denseSum, gap, goldenAdapter, goldenFolder, matrixOf, readTensors, relativeGap } from '../lora/golden.ts';

interface Case {
  case: string;
  file: string;
  combination_type: MergeMethod;
  adapters: string[];
  weights: number[];
  options: { density?: number; majority_sign_method?: MajoritySign; svd_rank?: number };
  inputs: Record<string, { scaling: Record<string, number> }>;
  output: { r: number; scaling: Record<string, number>; modules: string[] };
  rel_gap_to_sum_w_s_BA: number;
}
const cases: Case[] = JSON.parse(readFileSync(new URL('cases.json', goldenFolder), 'utf8')).cases;

function load(golden: Case) {
  const tensors = readTensors(new URL(golden.file, goldenFolder));
  const adapters = golden.adapters.map((name, i): WeightedAdapter => {
    const { scaling } = golden.inputs[name]!;
    return { adapter: goldenAdapter(tensors, name, module => scaling[module]!), weight: golden.weights[i]! };
  });
  const options: MergeOptions = {
    method: golden.combination_type,
    density: golden.options.density,
    // What PEFT takes where nothing is said.
    majoritySign: golden.options.majority_sign_method ?? 'total',
    rank: golden.options.svd_rank,
    drawMask: (adapter, module, part) => matrixOf(tensors, `mask.${adapter}.${module}.${part}`).data,
  };
  return { tensors, adapters, options };
}

function deltaOf(adapter: Adapter, module: string): Float64Array {
  return denseSum([{ ...adapter.modules.get(module)!, weight: 1 }]);
}

/** `inner` as a matrix padded with zeros to the size of `outer`, both starting at the top left. */
function padded(inner: Matrix, outer: Matrix): Float32Array {
  const data = new Float32Array(outer.rows * outer.cols);
  for (let i = 0; i < inner.rows; i++) {
    data.set(inner.data.subarray(i * inner.cols, (i + 1) * inner.cols), i * outer.cols);
  }
  return data;
}

for (const golden of cases.filter(c => methodParts[c.combination_type].on !== 'delta')) {
  test(`${golden.case}: the factors are PEFT's; its delta is ours times the scaling it really uses`, () => {
    const { tensors, adapters, options } = load(golden);
    const { adapter } = mergeAdapters(adapters, options);
    assert.deepEqual([...adapter.modules.keys()].sort(), [...golden.output.modules].sort());
    for (const module of golden.output.modules) {
      const { A, B, scaling } = adapter.modules.get(module)!;
      const [theirA, theirB] = ['A', 'B'].map(half => matrixOf(tensors, `out.${module}.lora_${half}.weight`)) as [
        Matrix,
        Matrix,
      ];
      // cat: PEFT pads a module that not every adapter has with zeros to the sum of all ranks.
      assert.ok(golden.combination_type === 'cat' || A.rows === theirA.rows);
      assert.ok(gap(padded(A, theirA), theirA.data) <= 1e-6, `A of ${module}`);
      assert.ok(gap(padded(B, theirB), theirB.data) <= 1e-6, `B of ${module}`);
      assert.equal(scaling, 1);
      // 1, or √r where the first adapter is rsLoRA.
      const inherited = golden.output.scaling[module]!;
      const delta = matrixOf(tensors, `out.${module}.delta`).data;
      assert.ok(gap(deltaOf(adapter, module), delta, inherited) <= 1e-5, `delta of ${module}`);
    }
  });
}

for (const golden of cases.filter(c => methodParts[c.combination_type].on === 'delta')) {
  test(`${golden.case}: PEFT's delta is ours of the weights w·s, times the scaling it really uses`, () => {
    const { tensors, adapters, options } = load(golden);
    const isSingle = adapters.length === 1;
    // What PEFT computes is the same method with s in the weight once more; for a single adapter it takes linear.
    const peftAdapters = adapters.map(({ adapter, weight }): WeightedAdapter => {
      if (isSingle) return { adapter, weight };
      const scalings = new Set([...adapter.modules.values()].map(f => f.scaling));
      if (scalings.size === 1) return { adapter, weight: weight * [...scalings][0]! };
      // A scaling that differs by module: for plain svd s² may as well stand in the factors.
      assert.equal(golden.combination_type, 'svd');
      const squared = [...adapter.modules].map(([module, f]) => [module, { ...f, scaling: f.scaling ** 2 }] as const);
      return { adapter: { ...adapter, modules: new Map(squared) }, weight };
    });
    const asPeft = mergeAdapters(peftAdapters, options).adapter;
    for (const module of golden.output.modules) {
      const delta = matrixOf(tensors, `out.${module}.delta`).data;
      const factor = golden.output.scaling[module]!;
      assert.ok(relativeGap(deltaOf(asPeft, module), delta, factor) <= 1e-5, `delta of ${module}`);
    }
    if (!isSingle) assert.equal(asPeft.config.rank, golden.output.r);
  });
}

test('all 73 combinations were compared, with the relations that tell ours from PEFT', () => {
  assert.equal(cases.length, 73);
  const ours = (name: string) => {
    const golden = cases.find(c => c.case === name)!;
    const { adapters, options } = load(golden);
    return { golden, error: mergeAdapters(adapters, options).relativeError.total };
  };
  // Full-rank svd is exact here; PEFT's is twice the sum (s = 2), a relative gap of 1.
  const full = ours('svd_fullrank');
  assert.ok(full.error < 1e-6 && Math.abs(full.golden.rel_gap_to_sum_w_s_BA - 1) < 1e-5, `${full.error}`);
  // rsLoRA: cat is exact here; PEFT's is √12 times too strong.
  const rslora = ours('rslora_cat');
  assert.ok(rslora.error < 1e-6 && Math.abs(rslora.golden.rel_gap_to_sum_w_s_BA - (Math.sqrt(12) - 1)) < 1e-5);
});

for (const golden of cases) {
  const isPeftRight =
    methodParts[golden.combination_type].on !== 'delta' && Object.values(golden.output.scaling).every(s => s === 1);
  test(`${golden.case}: relative error equals the one from dense deltas${isPeftRight ? ' and that of PEFT' : ''}`, () => {
    const { adapters, options } = load(golden);
    const { adapter, relativeError } = mergeAdapters(adapters, options);
    let [errors, norms] = [0, 0];
    for (const module of golden.output.modules) {
      const terms = adapters.flatMap(({ adapter: a, weight }) => {
        const factors = a.modules.get(module);
        return factors ? [{ ...factors, weight }] : [];
      });
      const exact = denseSum(terms);
      const ours = deltaOf(adapter, module);
      const error = exact.reduce((sum, value, i) => sum + (value - ours[i]!) ** 2, 0);
      const norm = exact.reduce((sum, value) => sum + value ** 2, 0);
      assert.ok(Math.abs(relativeError.perModule.get(module)! - Math.sqrt(error / norm)) < 1e-12);
      errors += error;
      norms += norm;
    }
    assert.ok(Math.abs(relativeError.total - Math.sqrt(errors / norms)) < 1e-12);
    if (isPeftRight) {
      // The reference gap is that of the worst module; PEFT's own rounding to single floats is about 1e-7.
      const worst = Math.max(...relativeError.perModule.values());
      assert.ok(Math.abs(worst - golden.rel_gap_to_sum_w_s_BA) < 2e-6, `${worst}`);
    }
  });
}
