import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { parseAdapterConfig } from '../../../src/nn/lora/adapterConfig.ts';
import { adapterFromPeft } from '../../../src/nn/lora/peftAdapter.ts';
import { mergeDelta, squaredDeviation } from '../../../src/nn/merge/mergeIntoBase.ts';
import { WorkbenchError } from '../../../src/protocol/errors.ts';
import { gap, goldenAdapter, goldenFolder, matrixOf, readTensors } from '../lora/golden.ts';

interface MergeCase {
  case: string;
  file: string;
  active_adapters: string[];
  inputs: Record<string, { r: number; lora_alpha: number; use_rslora: boolean }>;
}
const { merges, modules }: { merges: MergeCase[]; modules: Record<string, number[]> } = JSON.parse(
  readFileSync(new URL('cases.json', goldenFolder), 'utf8'),
);

for (const golden of merges) {
  test(`${golden.case}: the merged weight is PEFT's, and gives the same outputs as base and adapters apart`, () => {
    const tensors = readTensors(new URL(golden.file, goldenFolder));
    const adapters = golden.active_adapters.map(name => {
      const { r, lora_alpha, use_rslora } = golden.inputs[name]!;
      return goldenAdapter(tensors, name, () => lora_alpha / (use_rslora ? Math.sqrt(r) : r));
    });
    for (const [module, [out, inputs]] of Object.entries(modules)) {
      const base = matrixOf(tensors, `base.${module}.weight`).data;
      const before = base.slice();
      const factors = adapters.flatMap(a => {
        const found = a.modules.get(module);
        return found ? [{ ...found, weight: 1 }] : [];
      });
      const merged = mergeDelta(base, factors);
      assert.deepEqual(base, before);
      assert.ok(gap(merged, matrixOf(tensors, `merged.${module}.weight`).data) <= 5e-6, module);
      const x = matrixOf(tensors, `x.${module}`);
      const y = new Float64Array(x.rows * out!);
      for (let b = 0; b < x.rows; b++) {
        for (let o = 0; o < out!; o++) {
          for (let i = 0; i < inputs!; i++) y[b * out! + o]! += x.data[b * inputs! + i]! * merged[o * inputs! + i]!;
        }
      }
      assert.ok(gap(y, matrixOf(tensors, `y_unmerged.${module}`).data) <= 5e-5, module);
    }
  });
}

test('all 14 merges were compared', () => assert.equal(merges.length, 14));

for (const [name, model] of [
  ['dora_llama_all', 'llama_tied'],
  ['dora_qwen2_all', 'qwen2_tied'],
] as const)
  test(`${name}: merged weights are PEFT's to 1e-5; a share of it is that share of what it adds`, () => {
    const folder = new URL(`../train/${name}/`, goldenFolder);
    const config = readFileSync(new URL('adapter/adapter_config.json', folder), 'utf8');
    const tensors = readTensors(new URL('adapter/adapter_model.safetensors', folder));
    const adapter = adapterFromPeft(parseAdapterConfig(config, name).config, tensors, name, name);
    const base = readTensors(new URL(`../models/${model}/model.safetensors`, goldenFolder));
    const golden = readTensors(new URL('golden.safetensors', folder));
    let compared = 0;
    for (const [module, factors] of adapter.modules) {
      const expected = golden.get(`merged.${module}.weight`);
      if (!expected) continue;
      const own = base.get(`${module}.weight`)!.data;
      const whole = mergeDelta(own, [{ ...factors, weight: 1 }]);
      assert.ok(gap(whole, expected.data) <= 1e-5, module);
      const half = mergeDelta(own, [{ ...factors, weight: 0.5 }]);
      assert.ok(
        gap(
          half,
          own.map((w, i) => (w + whole[i]!) / 2),
        ) <= 1e-6,
        module,
      );
      const { error, norm } = squaredDeviation(own, whole, [{ ...factors, weight: 1 }]);
      assert.ok(error < 1e-11 * norm && norm > 1e-3, `${module}: ${error}, ${norm}`);
      compared++;
    }
    assert.equal(compared, 4);
  });

test('a row of zeros that nothing is added to stays one, whatever its magnitude', () => {
  const A = { rows: 1, cols: 2, data: Float32Array.of(1, 2) };
  const B = { rows: 2, cols: 1, data: Float32Array.of(0, 1) };
  const factors = { A, B, scaling: 1, magnitude: Float32Array.of(3, 10), weight: 1 };
  assert.deepEqual([...mergeDelta(Float32Array.of(0, 0, 2, 2), [factors])], [0, 0, 6, 8]);
});

test('factors of another size are refused', () => {
  const matrix = (rows: number, cols: number) => ({ rows, cols, data: new Float32Array(rows * cols) });
  const factors = { A: matrix(2, 3), B: matrix(4, 2), scaling: 1, weight: 1 };
  assert.deepEqual(mergeDelta(new Float32Array(12).fill(1), [factors]), new Float32Array(12).fill(1));
  for (const [weight, other] of [
    [new Float32Array(13), factors],
    [new Float32Array(12), { ...factors, B: matrix(4, 3) }],
  ] as const) {
    assert.throws(
      () => mergeDelta(weight, [other]),
      (e: unknown) => e instanceof WorkbenchError && e.code === 'mismatch',
    );
  }
});
