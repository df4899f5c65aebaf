import { type Blocks, blockSize, blocksPerRow, bytesPerBlock } from '../../src/nn/quant/blocks.ts';

/** The weights that codes and scales stand for, [rows, cols]. */
export function decodeBlocks({ bits, rows, cols, codes, scales }: Blocks): Float32Array {
  const blocks = blocksPerRow(cols);
  const width = bytesPerBlock(bits);
  const weights = new Float32Array(rows * cols);
  for (let row = 0; row < rows; row++)
    for (let i = 0; i < cols; i++) {
      const at = row * blocks + Math.floor(i / blockSize);
      const within = i % blockSize;
      const code =
        bits === 8 ? codes[at * width + within]! : (codes[at * width + (within >> 1)]! >> (4 * (within & 1))) & 15;
      weights[row * cols + i] = (code - (1 << (bits - 1))) * scales[at]!;
    }
  return weights;
}
