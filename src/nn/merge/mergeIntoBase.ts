import { WorkbenchError } from '../../protocol/errors.ts';
import { type LoraFactors, type OwnTensor, rowFactor } from '../lora/adapter.ts';

/**
 * A base layer's weight with adapters merged in: W + Σ wᵢ ΔWᵢ, summed in double precision and rounded once. ΔW is s B A, or
 * with a magnitude what DoRA makes of it; that of each adapter is of the base's own W, as the adapters are blended.
 *
 * @param weight W [out, in], row-major; not changed
 * @param factors the adapters' factors of this layer, each with its weight in the sum
 * @throws WorkbenchError `mismatch` where factors do not have the layer's size
 */
export function mergeDelta(weight: Float32Array, factors: (LoraFactors & { weight: number })[]): Float32Array {
  const [first] = factors;
  if (!first) return weight.slice();
  const [out, inputs] = [first.B.rows, first.A.cols];
  for (const { A, B, magnitude } of factors) {
    const fits = A.rows === B.cols && B.rows === out && A.cols === inputs && out * inputs === weight.length;
    if (fits && (magnitude?.length ?? out) === out) continue;
    const found = `B [${B.rows}, ${B.cols}] · A [${A.rows}, ${A.cols}]`;
    throw new WorkbenchError('mismatch', `${found} does not fit a weight of ${weight.length} values`);
  }
  const result = new Float32Array(weight.length);
  const row = new Float64Array(inputs);
  const add = rowAdder(factors);
  for (let o = 0; o < out; o++) {
    const own = weight.subarray(o * inputs, (o + 1) * inputs);
    row.set(own);
    add(row, own, o);
    result.set(row, o * inputs);
  }
  return result;
}

/**
 * A tensor of the base with adapters merged in that have it whole, or some of its rows: W + Σ wᵢ (Vᵢ − W).
 *
 * @param tensor W, with its rows along the first axis; not changed
 */
export function mergeOwn(tensor: Float32Array, rows: number, own: (OwnTensor & { weight: number })[]): Float32Array {
  const width = tensor.length / rows;
  const sum = Float64Array.from(tensor);
  for (const { data, weight, rows: chosen } of own)
    for (let row = 0; row < data.length / width; row++) {
      const to = (chosen?.[row] ?? row) * width;
      for (let j = 0; j < width; j++) sum[to + j]! += weight * (data[row * width + j]! - tensor[to + j]!);
    }
  return Float32Array.from(sum);
}

/** A layer as it was written beside the exact one, in squares of the Frobenius norm. */
export interface Deviation {
  /** Σ (V − W − Σ wᵢ ΔWᵢ)² over its entries. */
  error: number;
  /** Σ (Σ wᵢ ΔWᵢ)² */
  norm: number;
}

/**
 * How far a written layer is from the exact one, in double precision.
 *
 * @param weight W [out, in], the base's
 * @param written V [out, in], as it is read back from its file
 * @param factors the adapters' factors of this layer, each with its weight in the exact sum
 */
export function squaredDeviation(
  weight: Float32Array,
  written: Float32Array,
  factors: (LoraFactors & { weight: number })[],
): Deviation {
  const inputs = factors[0]?.A.cols ?? weight.length;
  const row = new Float64Array(inputs);
  const add = rowAdder(factors);
  const sums: Deviation = { error: 0, norm: 0 };
  for (let at = 0, o = 0; at < weight.length; at += inputs, o++) {
    row.fill(0);
    add(row, weight.subarray(at, at + inputs), o);
    for (let j = 0; j < inputs; j++) {
      sums.error += (written[at + j]! - weight[at + j]! - row[j]!) ** 2;
      sums.norm += row[j]! ** 2;
    }
  }
  return sums;
}

/** Adds row `o` of Σ wᵢ ΔWᵢ; `own` is that row of W. */
function rowAdder(
  factors: (LoraFactors & { weight: number })[],
): (row: Float64Array, own: Float32Array, o: number) => void {
  const whole = new Float64Array(factors[0]?.A.cols ?? 0);
  return (row, own, o) => {
    for (const { A, B, scaling, weight: share, magnitude } of factors) {
      const b = B.data.subarray(o * B.cols);
      if (!magnitude) {
        addRow(row, b, A.data, A.rows, share * scaling);
        continue;
      }
      whole.set(own);
      addRow(whole, b, A.data, A.rows, scaling);
      const factor = rowFactor(magnitude[o]!, Math.sqrt(whole.reduce((sum, x) => sum + x * x, 0)));
      for (let j = 0; j < row.length; j++) row[j]! += share * (factor * whole[j]! - own[j]!);
    }
  };
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
