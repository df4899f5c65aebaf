import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import type { Adapter } from '../../../src/core/lora/adapter.ts';
import { rankOf, scalingOf } from '../../../src/core/lora/adapterConfig.ts';
import { type MergeOptions, mergeAdapters } from '../../../src/core/lora/merge.ts';
import { mergeError, type WeightedAdapter } from '../../../src/core/lora/mergeError.ts';
import { type MajoritySign, type MergeMethod, methodParts } from '../../../src/core/lora/mergeMethods.ts';
import type { Matrix } from '../../../src/core/tensor/dtype.ts';
import { Random } from '../../../src/core/tensor/random.ts';
import { WorkbenchError } from '../../../src/shared/errors.ts';
import { denseSum, gap, goldenAdapter, goldenFolder, matrixOf, readTensors, relativeGap } from './golden.ts';

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
    majoritySign: golden.options.majority_sign_method,
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

function randomAdapter(name: string, ranks: Record<string, number>, scaling = 2, seed = 1): Adapter {
  const random = new Random(seed);
  const matrix = (rows: number, cols: number): Matrix => ({
    rows,
    cols,
    data: Float32Array.from({ length: rows * cols }, () => random.normal()),
  });
  const modules = Object.entries(ranks).map(
    ([module, r]) => [module, { A: matrix(r, 10), B: matrix(7, r), scaling }] as const,
  );
  return { name, config: { rank: 4, alpha: 8, rslora: false }, modules: new Map(modules) };
}

test('the config of a merge says scaling 1 for every module, whatever its rank', () => {
  const parts = [
    { adapter: randomAdapter('math', { 'layers.0.q_proj': 2, 'layers.0.v_proj': 3 }), weight: 1 },
    { adapter: randomAdapter('code', { 'layers.0.q_proj': 4 }, 0.5, 2), weight: -0.5 },
  ];
  for (const method of ['cat', 'svd', 'ties_svd'] as const) {
    const { adapter } = mergeAdapters(parts, { method, density: 0.5 });
    for (const [module, { A, B, scaling }] of adapter.modules) {
      assert.equal(A.rows, B.cols);
      assert.equal(rankOf(adapter.config, module), A.rows);
      assert.equal(scalingOf(adapter.config, module), 1);
      assert.equal(scaling, 1);
    }
  }
  const { adapter } = mergeAdapters(parts, { method: 'cat' });
  assert.deepEqual(
    [adapter.config.rank, adapter.config.alpha, adapter.config.rankPattern],
    [6, 6, { 'layers.0.v_proj': 3 }],
  );
});

test('dare draws its masks from the seed: the same for the same seed, of the asked density', () => {
  const parts = [
    { adapter: randomAdapter('math', { m: 4 }), weight: 1 },
    { adapter: randomAdapter('code', { m: 4 }, 2, 2), weight: 1 },
  ];
  const run = (seed: number) =>
    mergeAdapters(parts, { method: 'dare_linear', density: 0.3, seed }).adapter.modules.get('m')!.A.data;
  assert.deepEqual(run(7), run(7));
  assert.notDeepEqual(run(7), run(8));
  let kept = 0;
  for (let seed = 0; seed < 200; seed++) {
    const one = mergeAdapters([parts[0]!], { method: 'dare_linear', density: 0.3, seed }).adapter.modules.get('m')!;
    kept += one.A.data.filter(value => value !== 0).length;
  }
  // 8,000 draws of probability 0.3: three standard deviations are 0.015.
  assert.ok(Math.abs(kept / 8000 - 0.3) < 0.016, String(kept / 8000));
});

test('an adapter of weight 0 has no say, and weights that cancel leave nothing', () => {
  const math = randomAdapter('math', { m: 4 });
  const code = randomAdapter('code', { m: 2, n: 2 }, 2, 2);
  const { adapter } = mergeAdapters(
    [
      { adapter: math, weight: 1 },
      { adapter: code, weight: 0 },
    ],
    { method: 'linear' },
  );
  assert.deepEqual([...adapter.modules.keys()], ['m']);
  const copy = { ...math, name: 'copy' };
  const parts = [
    { adapter: math, weight: 1 },
    { adapter: copy, weight: -1 },
  ];
  const cancelled = mergeAdapters(parts, { method: 'cat' });
  assert.ok(gap(deltaOf(cancelled.adapter, 'm'), new Float64Array(70)) === 0);
  assert.equal(mergeError({ ...math, modules: new Map() }, [{ adapter: math, weight: 1 }]).total, 1);
});

test('what cannot be merged is refused with the reason', () => {
  const math = randomAdapter('math', { m: 4 });
  const code = randomAdapter('code', { m: 2 }, 2, 2);
  const wide: Adapter = {
    ...code,
    name: 'wide',
    modules: new Map([['m', { ...code.modules.get('m')!, A: { rows: 2, cols: 11, data: new Float32Array(22) } }]]),
  };
  const refuses = (parts: [Adapter, number][], options: MergeOptions, code: string, message: RegExp) => {
    assert.throws(
      () =>
        mergeAdapters(
          parts.map(([adapter, weight]) => ({ adapter, weight })),
          options,
        ),
      (error: unknown) => {
        assert.ok(error instanceof WorkbenchError, String(error));
        assert.match(error.message, message);
        return error.code === code;
      },
    );
  };
  const two: [Adapter, number][] = [
    [math, 1],
    [code, 1],
  ];
  refuses([], { method: 'cat' }, 'badRequest', /no adapter/);
  refuses(two, { method: 'nope' as MergeMethod }, 'badRequest', /Unknown merge method nope/);
  refuses(
    [
      [math, 0],
      [code, 0],
    ],
    { method: 'cat' },
    'badRequest',
    /All weights/,
  );
  refuses([[math, Number.NaN]], { method: 'cat' }, 'badRequest', /weight of math is NaN/);
  refuses(
    [
      [math, 1],
      [math, 1],
    ],
    { method: 'cat' },
    'badRequest',
    /math is named twice/,
  );
  refuses(two, { method: 'linear' }, 'mismatch', /linear needs equal ranks, but those of m are 4 \(math\), 2 \(code\)/);
  refuses(two, { method: 'ties', density: 0.5 }, 'mismatch', /equal ranks/);
  for (const density of [undefined, 0, -1, 1.1, Number.NaN]) {
    refuses(two, { method: 'ties_svd', density }, 'badRequest', /density above 0 and at most 1/);
  }
  refuses(
    two,
    { method: 'ties_svd', density: 1, majoritySign: 'most' as MajoritySign },
    'badRequest',
    /majority sign most/,
  );
  refuses(two, { method: 'svd', rank: 1.5 }, 'badRequest', /whole number/);
  refuses(two, { method: 'svd', rank: 8 }, 'mismatch', /Rank 8 does not fit m \[7, 10\]/);
  refuses(two, { method: 'dare_ties_svd', density: 0.5, seed: 0.5 }, 'badRequest', /seed/);
  refuses(
    [
      [math, 1],
      [wide, 1],
    ],
    { method: 'cat' },
    'mismatch',
    /\[7, 10\] in math but \[7, 11\] in wide/,
  );
});

test('the four refusals of PEFT are refused here too, with what to use instead', () => {
  const input = (set: string, names = ['math', 'code', 'qa']): WeightedAdapter[] => {
    const tensors = readTensors(new URL(`${set}_cat.safetensors`, goldenFolder));
    return names.map(name => ({ adapter: goldenAdapter(tensors, name, () => 2), weight: 0.5 }));
  };
  const hint = (run: () => unknown) => {
    try {
      run();
    } catch (error) {
      return (error as WorkbenchError).hint;
    }
    return undefined;
  };
  assert.match(hint(() => mergeAdapters(input('ranks'), { method: 'linear' }))!, /cat, svd/);
  assert.match(hint(() => mergeAdapters(input('ranks'), { method: 'ties', density: 0.5 }))!, /cat, svd/);
  assert.match(hint(() => mergeAdapters(input('patterns'), { method: 'linear' }))!, /cat, svd/);
  assert.match(hint(() => mergeAdapters(input('ranks'), { method: 'nope' as MergeMethod }))!, /cat, linear, svd/);
});
