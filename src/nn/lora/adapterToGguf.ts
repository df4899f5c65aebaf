import { WorkbenchError } from '../../protocol/errors.ts';
import { encodeGguf, type GgufValue } from '../files/gguf.ts';
import { traitsOf } from '../model/architectures.ts';
import type { BaseConfig } from '../model/config.ts';
import { ggufChange, ggufTensorNames, moveRows } from '../model/ggufTensors.ts';
import { allFinite } from '../tensor/allFinite.ts';
import type { FloatTensor, Matrix } from '../tensor/dtype.ts';
import type { Adapter } from './adapter.ts';

/** What llama.cpp must know of the base an adapter belongs to. */
export type GgufBase = Pick<BaseConfig, 'architecture' | 'heads' | 'kvHeads'>;

/** The first key of every file, which llama.cpp does not read: what has it was made of an adapter and can be made again. */
export const ggufMark = 'multi_lora.result';

/**
 * An adapter as a GGUF file that llama.cpp loads with `--lora`, in chunks. llama.cpp scales every module by
 * adapter.lora.alpha / rank and knows no rsLoRA: alpha is written as scaling · rank (alpha·√r for rsLoRA), and where a
 * module's scaling is another, the rest goes into its B.
 *
 * @throws WorkbenchError `unsupported` naming a module that llama.cpp has no tensor for, or that overflows; `mismatch` where a q or k layer
 *   does not divide into the base's heads
 */
export function adapterToGguf(adapter: Adapter, base: GgufBase): Uint8Array[] {
  const [first] = adapter.modules.values();
  const alpha = Math.fround((first?.scaling ?? 1) * (first?.A.rows ?? 1));
  const metadata = new Map<string, GgufValue>([
    [ggufMark, { string: 'adapter' }],
    ['general.architecture', { string: traitsOf(base.architecture).ggufName }],
    ['general.type', { string: 'adapter' }],
    ['general.name', { string: adapter.name }],
    ['adapter.type', { string: 'lora' }],
    ['adapter.lora.alpha', { float32: alpha }],
  ]);
  const tensors = new Map<string, FloatTensor>();
  for (const [module, { A, B, scaling }] of adapter.modules) {
    const targets = ggufTensorNames(`${module}.weight`, base.architecture);
    if (!targets?.[0]?.startsWith('blk.'))
      throw new WorkbenchError('unsupported', `Adapter ${adapter.name}: ${module} has no place in a GGUF adapter`);
    const rest = (scaling * A.rows) / alpha;
    const scaled: Matrix = rest === 1 ? B : { ...B, data: B.data.map(value => value * rest) };
    if (!allFinite(scaled.data))
      throw new WorkbenchError(
        'unsupported',
        `Adapter ${adapter.name}: ${module} times its share of the scaling (${rest}) is beyond single floats`,
        'Use an alpha that is nearer to that of the other layers.',
      );
    const change = ggufChange(`${module}.weight`, base);
    const rows = B.rows / targets.length;
    for (const [i, target] of targets.entries()) {
      const part: Matrix = { rows, cols: B.cols, data: scaled.data.slice(i * rows * B.cols, (i + 1) * rows * B.cols) };
      const placed = typeof change === 'object' ? moveRows(part, change, module) : part;
      tensors.set(`${target}.lora_a`, { shape: [A.rows, A.cols], data: A.data });
      tensors.set(`${target}.lora_b`, { shape: [rows, B.cols], data: placed.data });
    }
  }
  return encodeGguf(metadata, tensors);
}
