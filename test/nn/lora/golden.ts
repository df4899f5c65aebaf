import { readFileSync } from 'node:fs';
import { parseSafetensorsHeader, readTensorF32 } from '../../../src/nn/files/safetensors.ts';
import type { Adapter, LoraFactors } from '../../../src/nn/lora/adapter.ts';
import type { FloatTensor, Matrix } from '../../../src/nn/tensor/dtype.ts';

/** Reference numbers computed with PEFT. */
export const goldenFolder = new URL('../../golden/peft/', import.meta.url);

/** All tensors of a safetensors file. */
export function readTensors(file: URL): Map<string, FloatTensor> {
  const bytes = new Uint8Array(readFileSync(file));
  const { tensors } = parseSafetensorsHeader(bytes, bytes.length, file.pathname);
  return new Map(
    [...tensors].map(([name, entry]) => [
      name,
      { shape: entry.shape, data: readTensorF32(entry, bytes.subarray(entry.begin, entry.end)) },
    ]),
  );
}

export function matrixOf(tensors: Map<string, FloatTensor>, name: string): Matrix {
  const tensor = tensors.get(name);
  if (!tensor) throw new Error(`no tensor ${name}`);
  return { rows: tensor.shape[0]!, cols: tensor.shape[1]!, data: tensor.data };
}

/** The adapter whose factors are `in.<name>.<module>…` in a golden file. */
export function goldenAdapter(
  tensors: Map<string, FloatTensor>,
  name: string,
  scalingOf: (module: string) => number,
): Adapter {
  const modules = new Map<string, LoraFactors>();
  for (const key of tensors.keys()) {
    const module = key.startsWith(`in.${name}.`) && /^in\.\w+\.(.+)\.lora_A\.weight$/.exec(key)?.[1];
    if (!module) continue;
    const A = matrixOf(tensors, key);
    const B = matrixOf(tensors, `in.${name}.${module}.lora_B.weight`);
    modules.set(module, { A, B, scaling: scalingOf(module) });
  }
  return { name, config: { rank: 4, alpha: 8, rslora: false }, modules };
}

/** Σ wᵢsᵢBᵢAᵢ, the plain way. */
export function denseSum(terms: (LoraFactors & { weight: number })[]): Float64Array {
  const { A, B } = terms[0]!;
  const sum = new Float64Array(B.rows * A.cols);
  for (const { A, B, scaling, weight } of terms) {
    for (let i = 0; i < B.rows; i++) {
      for (let k = 0; k < A.rows; k++) {
        const b = weight * scaling * B.data[i * B.cols + k]!;
        for (let j = 0; j < A.cols; j++) sum[i * A.cols + j]! += b * A.data[k * A.cols + j]!;
      }
    }
  }
  return sum;
}

/** The largest absolute difference. */
export function gap(a: ArrayLike<number>, b: ArrayLike<number>, factor = 1): number {
  if (a.length !== b.length) return Number.POSITIVE_INFINITY;
  let worst = 0;
  for (let i = 0; i < a.length; i++) worst = Math.max(worst, Math.abs(a[i]! * factor - b[i]!));
  return worst;
}

/** ‖factor·a − b‖ / ‖b‖ */
export function relativeGap(a: ArrayLike<number>, b: ArrayLike<number>, factor = 1): number {
  let [error, norm] = [0, 0];
  for (let i = 0; i < b.length; i++) {
    error += (a[i]! * factor - b[i]!) ** 2;
    norm += b[i]! ** 2;
  }
  return Math.sqrt(error / norm);
}
