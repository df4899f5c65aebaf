/** Numbers of a row that share a scale. */
export const blockSize = 32;

/** Bits of a code. */
export type CodeBits = 4 | 8;

/** Where a weight's codes and scales lie, by the names of their tensors. */
export const codesOf = (weight: string): string => `${weight}.codes`;
export const scalesOf = (weight: string): string => `${weight}.scales`;

/**
 * A matrix [rows, cols] in blocks along its rows: a weight is (code − 2^(bits−1)) · scale of its block. The last block of
 * a row is padded with zeros. Codes lie as onnxruntime's MatMulNBits has them, two to a byte where they have 4 bits,
 * the first in the lower half.
 */
export interface Blocks {
  bits: CodeBits;
  rows: number;
  cols: number;
  /** [rows, blocks, 4·bits] */
  codes: Uint8Array;
  /** [rows, blocks] */
  scales: Float32Array;
}

/** Blocks of a row. */
export function blocksPerRow(cols: number): number {
  return Math.ceil(cols / blockSize);
}

/** Bytes of the codes of a block. */
export function bytesPerBlock(bits: CodeBits): number {
  return (blockSize * bits) / 8;
}

/**
 * Symmetric quantisation in blocks of 32, zero exactly representable. 8 bits: the largest magnitude becomes ±127, so no
 * weight moves by more than half a step. 4 bits: of several scales the one with the smallest squared error.
 * A block with a weight that is not finite has no finite scale.
 */
export function encodeBlocks(weights: Float32Array, rows: number, cols: number, bits: CodeBits): Blocks {
  const blocks = blocksPerRow(cols);
  const width = bytesPerBlock(bits);
  const half = 1 << (bits - 1);
  const codes = new Uint8Array(rows * blocks * width).fill(bits === 8 ? 0x80 : 0x88);
  const scales = new Float32Array(rows * blocks);
  for (let row = 0; row < rows; row++)
    for (let b = 0; b < blocks; b++) {
      const from = row * cols + b * blockSize;
      const to = Math.min(from + blockSize, (row + 1) * cols);
      const at = row * blocks + b;
      const largest = largestWeight(weights, from, to);
      scales[at] = bits === 8 ? Math.abs(largest) / 127 : scaleFor4(weights, from, to, largest);
      // Rounded to a single float, with which decoding will multiply.
      const scale = scales[at]!;
      if (!(Math.abs(scale) > 0 && Math.abs(scale) < Number.POSITIVE_INFINITY)) continue;
      for (let i = from; i < to; i++) {
        const code = Math.max(0, Math.min(2 * half - 1, Math.round(weights[i]! / scale) + half));
        const place = i - from;
        if (bits === 8) codes[at * width + place] = code;
        else {
          const byte = at * width + (place >> 1);
          codes[byte] = place & 1 ? (codes[byte]! & 0x0f) | (code << 4) : (codes[byte]! & 0xf0) | code;
        }
      }
    }
  return { bits, rows, cols, codes, scales };
}

/** The weight of largest magnitude, with its sign; NaN where a weight is NaN. */
function largestWeight(weights: Float32Array, from: number, to: number): number {
  let largest = 0;
  let size = 0;
  for (let i = from; i < to; i++) {
    const w = weights[i]!;
    const magnitude = Math.abs(w);
    // No later weight is larger than a NaN, so that it stays.
    if (magnitude > size || Number.isNaN(w)) [largest, size] = [w, magnitude];
  }
  return largest;
}

/** Codes at which the largest weight is placed; −8 is the plain choice, which reaches it exactly. */
const placesOfLargest = [-8, -8.5, -7.5, -7.1];

/**
 * The scale of 4-bit codes. The largest weight is placed near −8, the code of largest magnitude. For each place, the scale
 * that fits the codes q best is Σwq / Σq², with the squared error Σw² − (Σwq)² / Σq²; the place with the smallest error wins.
 */
function scaleFor4(weights: Float32Array, from: number, to: number, largest: number): number {
  if (!(Math.abs(largest) > 0 && Math.abs(largest) < Number.POSITIVE_INFINITY)) return largest;
  let best = 0;
  let most = -1;
  for (const place of placesOfLargest) {
    const inverse = place / largest;
    let wq = 0;
    let qq = 0;
    for (let i = from; i < to; i++) {
      const w = weights[i]!;
      // Rounded by cutting off: with 8.5 added nothing is below zero.
      const code = (w * inverse + 8.5) | 0;
      const q = code > 15 ? 7 : code - 8;
      wq += w * q;
      qq += q * q;
    }
    const explained = (wq * wq) / qq;
    if (explained > most) {
      most = explained;
      best = wq / qq;
    }
  }
  return best;
}
