import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Adapter, LoraFactors } from '../../../src/nn/lora/adapter.ts';
import { rankOf } from '../../../src/nn/lora/adapterConfig.ts';
import { compressed, errorCurve, spectraOf } from '../../../src/nn/merge/compress.ts';
import { mergeError } from '../../../src/nn/merge/mergeError.ts';
import { Random } from '../../../src/nn/tensor/random.ts';
import { WorkbenchError } from '../../../src/protocol/errors.ts';
import { assertClose } from '../../support/assertClose.ts';

const random = new Random(5);
const numbers = (length: number) => Float32Array.from({ length }, () => random.normal());

function layer(out: number, inputs: number, rank: number, scaling: number): LoraFactors {
  return {
    A: { rows: rank, cols: inputs, data: numbers(rank * inputs) },
    B: { rows: out, cols: rank, data: numbers(out * rank) },
    scaling,
  };
}

const adapter: Adapter = {
  name: 'a',
  config: { rank: 8, alpha: 16, rslora: false },
  modules: new Map([
    ['layers.0.q_proj', layer(12, 10, 8, 2)],
    ['layers.0.v_proj', layer(7, 10, 3, 0.1)],
  ]),
};
const spectra = spectraOf(adapter);
const errorOf = (other: Adapter) => mergeError(other, [{ adapter, weight: 1 }]).total;

test('singular values known in closed form: of diag(3, 2, 1), twice', () => {
  const diagonal = Float32Array.of(3, 0, 0, 0, 2, 0, 0, 0, 1);
  const unit = Float32Array.of(1, 0, 0, 0, 1, 0, 0, 0, 1);
  const factors = { A: { rows: 3, cols: 3, data: unit }, B: { rows: 3, cols: 3, data: diagonal }, scaling: 2 };
  const plain: Adapter = {
    name: 'd',
    config: { rank: 3, alpha: 6, rslora: false },
    modules: new Map([['q', factors]]),
  };
  const known = spectraOf(plain);
  assertClose(known.get('q')!.s, [6, 4, 2], 1e-12);
  const curve = errorCurve(known);
  assert.deepEqual(
    curve.map(({ rank }) => rank),
    [1, 2, 3],
  );
  assertClose(
    curve.map(({ relativeError }) => relativeError),
    [Math.sqrt(5 / 14), Math.sqrt(1 / 14), 0],
    1e-12,
  );
  // 13 of 14 are in the first two.
  assert.equal(compressed(plain, known, { energy: 0.9 }).config.rank, 2);
});

test('what is written has the error that the curve says, and no more at a higher rank', () => {
  const curve = errorCurve(spectra);
  assert.equal(curve.at(-1)!.rank, 8);
  for (const { rank, relativeError } of curve) {
    const cut = compressed(adapter, spectra, { rank });
    assertClose([errorOf(cut)], [relativeError], 1e-6, `rank ${rank}`);
    for (const [path, { A, B, scaling }] of cut.modules) {
      assert.deepEqual([A.rows, B.cols, scaling], [rankOf(cut.config, path), rankOf(cut.config, path), 1]);
      assert.equal(A.rows, Math.min(rank, adapter.modules.get(path)!.A.rows));
    }
  }
  assert.ok(curve.every(({ relativeError }, i) => i === 0 || relativeError < curve[i - 1]!.relativeError));
});

test('a share of energy is kept, by the largest singular values of all layers; every layer keeps one', () => {
  for (const energy of [0.5, 0.9, 0.99, 1]) {
    const cut = compressed(adapter, spectra, { energy });
    assert.ok(1 - errorOf(cut) ** 2 >= energy - 1e-6, `${energy}: ${1 - errorOf(cut) ** 2}`);
    const ranks = [...cut.modules.values()].map(({ A }) => A.rows);
    assert.ok(ranks.every(rank => rank >= 1));
    if (energy === 0.9) assert.deepEqual(ranks[1], 1, 'the small layer');
  }
});

test('ranks and shares that are none are refused', () => {
  for (const cut of [{ rank: 0 }, { rank: 1.5 }, { energy: 0 }, { energy: 1.1 }, { energy: Number.NaN }])
    assert.throws(() => compressed(adapter, spectra, cut), WorkbenchError);
});
