/**
 * Frozen weights W [out, in] as 8-bit codes for products of both directions. A code is at most 127 in magnitude and is
 * multiplied with the scale of its column in the product, so that every direction has codes of its own.
 */
export interface Int8Weight {
  /** For x Wᵀ [in, out], for dy W [out, in]. */
  codes: Int8Array;
  /** For x Wᵀ [out], for dy W [in]. */
  scales: Float32Array;
}

/** The names of what an 8-bit copy holds of a weight. */
export const int8Names = {
  forward: (weight: string): string => `${weight}.int8`,
  forwardScales: (weight: string): string => `${weight}.int8.scales`,
  backward: (weight: string): string => `${weight}.int8.back`,
  backwardScales: (weight: string): string => `${weight}.int8.back.scales`,
  /** 1 / s of the layers that read the same input [in]; absent where the input is quantised in two terms instead. */
  smoothing: (weight: string): string => `${weight}.int8.smoothing`,
};

const most = 127;

/** The codes for x Wᵀ, of W with its columns multiplied by `s` [in]. */
export function encodeForward(W: Float32Array, out: number, width: number, s?: Float32Array): Int8Weight {
  const codes = new Int8Array(width * out);
  const scales = new Float32Array(out);
  const row = new Float32Array(width);
  for (let o = 0; o < out; o++) {
    let largest = 0;
    for (let i = 0; i < width; i++) {
      row[i] = s ? W[o * width + i]! * s[i]! : W[o * width + i]!;
      largest = Math.max(largest, Math.abs(row[i]!));
    }
    scales[o] = largest / most;
    const inverse = largest > 0 ? most / largest : 0;
    for (let i = 0; i < width; i++) codes[i * out + o] = Math.round(row[i]! * inverse);
  }
  return { codes, scales };
}

/** The codes for dy W. */
export function encodeBackward(W: Float32Array, out: number, width: number): Int8Weight {
  const largest = columnMaxima(W, out, width);
  const codes = new Int8Array(out * width);
  const inverses = largest.map(x => (x > 0 ? most / x : 0));
  for (let o = 0, at = 0; o < out; o++)
    for (let i = 0; i < width; i++, at++) codes[at] = Math.round(W[at]! * inverses[i]!);
  return { codes, scales: largest.map(x => x / most) };
}

/** The largest magnitude in each column of W [out, in]: [in]. */
export function columnMaxima(W: Float32Array, out: number, width: number): Float32Array {
  const largest = new Float32Array(width);
  for (let o = 0, at = 0; o < out; o++)
    for (let i = 0; i < width; i++, at++) largest[i] = Math.max(largest[i]!, Math.abs(W[at]!));
  return largest;
}

/**
 * s [in] of layers that read the same input x: W ⊙ s and x ⊙ 1/s are both easier to quantise than W and x where few columns
 * of x are much larger than the others (SmoothQuant, Xiao et al. 2023, arXiv:2211.10438, α = ½).
 *
 * @param inputs the largest |x| of each column
 * @param weights the largest |W| of each column, over all these layers
 */
export function smoothingScales(inputs: Float32Array, weights: Float32Array): Float32Array {
  return inputs.map((x, i) => {
    const s = Math.sqrt(Math.max(x, 1e-5) / Math.max(weights[i]!, 1e-5));
    return Number.isFinite(s) ? s : 1;
  });
}
