import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Adapter } from '../../../src/nn/lora/adapter.ts';
import { rankOf, scalingOf } from '../../../src/nn/lora/adapterConfig.ts';
import { keepLargest } from '../../../src/nn/merge/combineTensors.ts';
import { type MergeOptions, mergeAdapters } from '../../../src/nn/merge/merge.ts';
import { mergeError, type WeightedAdapter } from '../../../src/nn/merge/mergeError.ts';
import type { MajoritySign } from '../../../src/nn/merge/mergeMethods.ts';
import type { Matrix } from '../../../src/nn/tensor/dtype.ts';
import { Random } from '../../../src/nn/tensor/random.ts';
import { WorkbenchError } from '../../../src/protocol/errors.ts';
import type { MergeMethod } from '../../../src/protocol/mergeMethod.ts';
import { denseSum, gap, goldenAdapter, goldenFolder, readTensors } from '../lora/golden.ts';

function deltaOf(adapter: Adapter, module: string): Float64Array {
  return denseSum([{ ...adapter.modules.get(module)!, weight: 1 }]);
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
    const { adapter } = mergeAdapters(parts, { method, density: 0.5, majoritySign: 'total' });
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
  assert.equal(cancelled.relativeError.total, 0);
  assert.equal(mergeError(math, parts).total, Number.POSITIVE_INFINITY);
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
  refuses(two, { method: 'ties', density: 0.5, majoritySign: 'total' }, 'mismatch', /equal ranks/);
  for (const density of [undefined, 0, -1, 1.1, Number.NaN]) {
    refuses(two, { method: 'ties_svd', density }, 'badRequest', /density above 0 and at most 1/);
  }
  refuses(
    two,
    { method: 'ties_svd', density: 1, majoritySign: 'most' as MajoritySign },
    'badRequest',
    /majority sign most/,
  );
  refuses(two, { method: 'ties_svd', density: 1 }, 'badRequest', /majority sign undefined/);
  refuses(two, { method: 'dare_linear_svd', density: 0.5 }, 'badRequest', /seed .* got undefined/);
  refuses(two, { method: 'svd', rank: 1.5 }, 'badRequest', /whole number/);
  refuses(two, { method: 'svd', rank: 8 }, 'mismatch', /Rank 8 does not fit m \[7, 10\]/);
  refuses(two, { method: 'dare_ties_svd', density: 0.5, majoritySign: 'total', seed: 0.5 }, 'badRequest', /seed/);
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
  assert.match(
    hint(() => mergeAdapters(input('ranks'), { method: 'ties', density: 0.5, majoritySign: 'total' }))!,
    /cat, svd/,
  );
  assert.match(hint(() => mergeAdapters(input('patterns'), { method: 'linear' }))!, /cat, svd/);
  assert.match(hint(() => mergeAdapters(input('ranks'), { method: 'nope' as MergeMethod }))!, /cat, linear, svd/);
});

test('keepLargest keeps exactly the largest, the first of equals, for any density', () => {
  const values = fc.array(fc.constantFrom(0, -0, 1, -1, 0.5, -0.25, 3e-39, 1e38, -1.0000001, 2), {
    minLength: 1,
    maxLength: 40,
  });
  fc.assert(
    fc.property(values, fc.double({ min: 0.01, max: 1, noNaN: true }), (list, density) => {
      const tensor = Float32Array.from(list);
      const order = [...tensor.keys()].sort((a, b) => Math.abs(tensor[b]!) - Math.abs(tensor[a]!) || a - b);
      const expected = new Float32Array(tensor.length);
      const count = density >= 1 ? tensor.length : Math.trunc(density * tensor.length);
      for (const i of order.slice(0, count)) expected[i] = tensor[i]!;
      assert.deepEqual(keepLargest(tensor, density), expected);
    }),
    { numRuns: 300 },
  );
});
