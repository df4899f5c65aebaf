import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { mergeDelta } from '../../../src/nn/merge/mergeIntoBase.ts';
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
