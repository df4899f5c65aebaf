import type { Quantization } from '../../protocol/quantization.ts';
import type { CodeBits } from '../quant/blocks.ts';
import type { BaseConfig } from './config.ts';
import { linearLayers } from './layout.ts';
import { outputWeight } from './transformer.ts';

export const codeBits: Record<Quantization, CodeBits> = { int8: 8, int4: 4 };

/** A weight of a checkpoint that is quantised; everything else of a base stays as it is. */
export interface QuantizedTensor {
  name: string;
  /** The tensor of the checkpoint it is made from. */
  source: string;
  rows: number;
  cols: number;
}

/**
 * The weights of all linear layers and of the output projection, in the order in which they lie in a file: layers that
 * read the same input follow each other, so that several are one range of bytes.
 */
export function quantizedTensors(c: BaseConfig): QuantizedTensor[] {
  const linears = linearLayers(c).map(l => {
    const name = `${l.path}.weight`;
    return { name, source: name, rows: l.out, cols: l.in };
  });
  const output = { name: outputWeight(quantizedConfig(c)), source: outputWeight(c), rows: c.vocab, cols: c.dim };
  return [...linears, output];
}

/** The configuration of the graphs of a quantised base: its output projection has weights of its own. */
export function quantizedConfig(c: BaseConfig): BaseConfig {
  return { ...c, tied: false };
}
