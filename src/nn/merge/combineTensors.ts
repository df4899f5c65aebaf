import type { MajoritySign } from './mergeMethods.ts';

/** Σ wᵢ tᵢ of tensors of equal size (task arithmetic, Ilharco et al. 2023, arXiv:2212.04089). */
export function weightedSum(tensors: Float32Array[], weights: number[]): Float32Array {
  const sum = new Float64Array(tensors[0]!.length);
  tensors.forEach((t, i) => {
    const weight = weights[i]!;
    for (let j = 0; j < sum.length; j++) sum[j]! += weight * t[j]!;
  });
  return Float32Array.from(sum);
}

/**
 * TIES (Yadav et al. 2023, arXiv:2306.01708) on tensors already pruned: per entry a sign is elected, and the weighted
 * values of that sign are averaged over how many there are. As in PEFT the sign is elected on the unweighted values, a
 * sum of exactly 0 counts as +, and weights are applied before the mean, so that k agreeing adapters give
 * Σ wᵢtᵢ / k and not Σ wᵢtᵢ / Σ wᵢ.
 */
export function tiesSum(tensors: Float32Array[], weights: number[], majoritySign: MajoritySign): Float32Array {
  const result = new Float32Array(tensors[0]!.length);
  for (let j = 0; j < result.length; j++) {
    let ballot = 0;
    for (const t of tensors) ballot += majoritySign === 'total' ? t[j]! : Math.sign(t[j]!);
    const sign = ballot >= 0 ? 1 : -1;
    let [sum, count] = [0, 0];
    for (let i = 0; i < tensors.length; i++) {
      const value = tensors[i]![j]!;
      if (Math.sign(value) !== sign) continue;
      sum += weights[i]! * value;
      count++;
    }
    result[j] = count === 0 ? 0 : sum / count;
  }
  return result;
}

/** The ⌊density · count⌋ entries of largest magnitude, the others 0; of equal magnitudes the first are kept. */
export function keepLargest(tensor: Float32Array, density: number): Float32Array {
  if (density >= 1) return tensor;
  const kept = Math.trunc(density * tensor.length);
  const result = new Float32Array(tensor.length);
  if (kept === 0) return result;
  const threshold = nthLargestSize(tensor, kept);
  let above = 0;
  for (const value of tensor) if (Math.abs(value) > threshold) above++;
  let equals = kept - above;
  for (let i = 0; i < tensor.length; i++) {
    const size = Math.abs(tensor[i]!);
    if (size > threshold || (size === threshold && equals-- > 0)) result[i] = tensor[i]!;
  }
  return result;
}

/** DARE (Yu et al. 2024, arXiv:2311.03099): keeps where the mask is 1, divided by the density. */
export function keepMasked(tensor: Float32Array, mask: ArrayLike<number>, density: number): Float32Array {
  return tensor.map((value, i) => (mask[i] ? value / density : 0));
}

/**
 * The n-th largest magnitude, n from 1. Without the sign bit, the bits of floats are ordered as the floats: counting
 * the upper 16 of the 31 bits finds a bin, counting the lower 15 within it the value.
 */
function nthLargestSize(tensor: Float32Array, n: number): number {
  const bits = new Uint32Array(tensor.buffer, tensor.byteOffset, tensor.length);
  const upper = new Uint32Array(65536);
  for (let i = 0; i < bits.length; i++) upper[(bits[i]! & 0x7fffffff) >>> 15]!++;
  const [high, left] = binFromTop(upper, n);
  const lower = new Uint32Array(32768);
  for (let i = 0; i < bits.length; i++) if ((bits[i]! & 0x7fffffff) >>> 15 === high) lower[bits[i]! & 0x7fff]!++;
  const [low] = binFromTop(lower, left);
  return new Float32Array(Uint32Array.of((high << 15) | low).buffer)[0]!;
}

/** The bin that holds the n-th element from the top, and n less the elements above that bin. */
function binFromTop(counts: Uint32Array, n: number): [bin: number, left: number] {
  let [bin, left] = [counts.length - 1, n];
  while (bin > 0 && counts[bin]! < left) left -= counts[bin--]!;
  return [bin, left];
}
