import { WorkbenchError } from '../../protocol/errors.ts';
import type { LoraFactors } from '../lora/adapter.ts';

/**
 * A base layer's weight with adapters merged in: W + Σ wᵢ sᵢ Bᵢ Aᵢ, summed in double precision and rounded once.
 *
 * @param weight W [out, in], row-major; not changed
 * @param factors the adapters' factors of this layer, each with its weight in the sum
 * @throws WorkbenchError `mismatch` where factors do not have the layer's size
 */
export function mergeDelta(weight: Float32Array, factors: (LoraFactors & { weight: number })[]): Float32Array {
  const [first] = factors;
  if (!first) return weight.slice();
  const [out, inputs] = [first.B.rows, first.A.cols];
  for (const { A, B } of factors) {
    if (A.rows === B.cols && B.rows === out && A.cols === inputs && out * inputs === weight.length) continue;
    const found = `B [${B.rows}, ${B.cols}] · A [${A.rows}, ${A.cols}]`;
    throw new WorkbenchError('mismatch', `${found} does not fit a weight of ${weight.length} values`);
  }
  const result = new Float32Array(weight.length);
  const row = new Float64Array(inputs);
  for (let o = 0; o < out; o++) {
    row.set(weight.subarray(o * inputs, (o + 1) * inputs));
    for (const { A, B, scaling, weight: share } of factors)
      addRow(row, B.data.subarray(o * B.cols), A.data, A.rows, share * scaling);
    result.set(row, o * inputs);
  }
  return result;
}

/**
 * How far a written layer is from the exact one, squared: Σ (V − W − Σ wᵢ sᵢ Bᵢ Aᵢ)² over its entries, in double precision.
 *
 * @param weight W [out, in], the base's
 * @param written V [out, in], as it is read back from its file
 * @param factors the adapters' factors of this layer, each with its weight in the exact sum
 */
export function squaredDeviation(
  weight: Float32Array,
  written: Float32Array,
  factors: (LoraFactors & { weight: number })[],
): number {
  const inputs = factors[0]?.A.cols ?? weight.length;
  const row = new Float64Array(inputs);
  let sum = 0;
  for (let at = 0, o = 0; at < weight.length; at += inputs, o++) {
    row.fill(0);
    for (const { A, B, scaling, weight: share } of factors)
      addRow(row, B.data.subarray(o * B.cols), A.data, A.rows, share * scaling);
    for (let j = 0; j < inputs; j++) sum += (written[at + j]! - weight[at + j]! - row[j]!) ** 2;
  }
  return sum;
}

/** row += factor · b A, four rows of A at a time so that `row` is read and written a quarter as often. */
function addRow(row: Float64Array, b: Float32Array, a: Float32Array, rank: number, factor: number): void {
  const n = row.length;
  let r = 0;
  for (; r + 4 <= rank; r += 4) {
    const [p, q, s, t] = [factor * b[r]!, factor * b[r + 1]!, factor * b[r + 2]!, factor * b[r + 3]!];
    for (let j = 0, at = r * n; j < n; j++, at++) {
      row[j]! += p * a[at]! + q * a[at + n]! + s * a[at + 2 * n]! + t * a[at + 3 * n]!;
    }
  }
  for (; r < rank; r++) {
    const p = factor * b[r]!;
    for (let j = 0, at = r * n; j < n; j++, at++) row[j]! += p * a[at]!;
  }
}
