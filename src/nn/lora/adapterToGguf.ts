import { WorkbenchError } from '../../protocol/errors.ts';
import { encodeGguf, type GgufValue } from '../files/gguf.ts';
import type { ArchitectureTraits } from '../model/architectures.ts';
import { allFinite } from '../tensor/allFinite.ts';
import type { FloatTensor, Matrix } from '../tensor/dtype.ts';
import { type Adapter, beyondFactors } from './adapter.ts';

/** What llama.cpp must know of the base an adapter belongs to. */
export interface GgufBase {
  /** llama.cpp's name for it; Mistral models are `llama` there. */
  architecture: ArchitectureTraits['ggufName'];
  heads: number;
  kvHeads: number;
}

/** The first key of every file, which llama.cpp does not read: what has it was made of an adapter and can be made again. */
export const ggufMark = 'multi_lora.result';

/** llama.cpp's names of a block's linear layers. */
const tensorNames: Record<string, string> = {
  'self_attn.q_proj': 'attn_q',
  'self_attn.k_proj': 'attn_k',
  'self_attn.v_proj': 'attn_v',
  'self_attn.o_proj': 'attn_output',
  'mlp.gate_proj': 'ffn_gate',
  'mlp.up_proj': 'ffn_up',
  'mlp.down_proj': 'ffn_down',
};

/**
 * An adapter as a GGUF file that llama.cpp loads with `--lora`, in chunks. llama.cpp scales every module by
 * adapter.lora.alpha / rank and knows no rsLoRA: alpha is written as scaling · rank (alpha·√r for rsLoRA), and where a
 * module's scaling is another, the rest goes into its B.
 *
 * @throws WorkbenchError `unsupported` for what is more than factors, and naming a module that llama.cpp has no tensor for, or that overflows; `mismatch` where a q or k layer
 *   does not divide into the base's heads
 */
export function adapterToGguf(adapter: Adapter, base: GgufBase): Uint8Array[] {
  const more = beyondFactors(adapter);
  if (more)
    throw new WorkbenchError(
      'unsupported',
      `Adapter ${adapter.name} ${more}, for which llama.cpp's adapters have no place`,
      'Export it merged into its base (--format merged), and convert the result to GGUF.',
    );
  const [first] = adapter.modules.values();
  const alpha = Math.fround((first?.scaling ?? 1) * (first?.A.rows ?? 1));
  const metadata = new Map<string, GgufValue>([
    [ggufMark, { string: 'adapter' }],
    ['general.architecture', { string: base.architecture }],
    ['general.type', { string: 'adapter' }],
    ['general.name', { string: adapter.name }],
    ['adapter.type', { string: 'lora' }],
    ['adapter.lora.alpha', { float32: alpha }],
  ]);
  const tensors = new Map<string, FloatTensor>();
  for (const [module, { A, B, scaling }] of adapter.modules) {
    const match = /^model\.layers\.(\d+)\.(.+)$/.exec(module);
    const name = match && tensorNames[match[2]!];
    if (!name)
      throw new WorkbenchError('unsupported', `Adapter ${adapter.name}: ${module} has no place in a GGUF adapter`);
    const rest = (scaling * A.rows) / alpha;
    const scaled: Matrix = rest === 1 ? B : { ...B, data: B.data.map(value => value * rest) };
    if (!allFinite(scaled.data))
      throw new WorkbenchError(
        'unsupported',
        `Adapter ${adapter.name}: ${module} times its share of the scaling (${rest}) is beyond single floats`,
        'Use an alpha that is nearer to that of the other layers.',
      );
    const heads = name === 'attn_q' ? base.heads : name === 'attn_k' ? base.kvHeads : undefined;
    const isInterleaved = base.architecture === 'llama' && heads !== undefined;
    const target = `blk.${match[1]}.${name}.weight`;
    tensors.set(`${target}.lora_a`, { shape: [A.rows, A.cols], data: A.data });
    const placed = isInterleaved ? interleaveRows(scaled, heads, module) : scaled;
    tensors.set(`${target}.lora_b`, { shape: [B.rows, B.cols], data: placed.data });
  }
  return encodeGguf(metadata, tensors);
}

/**
 * llama.cpp rotates neighbouring pairs in models of the Llama family, Hugging Face the two halves of a head; its
 * converter therefore reorders the outputs of q and k (`undo_permute`), and B's rows follow: within a head, row
 * t · dim/2 + j goes to 2j + t.
 */
function interleaveRows(b: Matrix, heads: number, module: string): Matrix {
  const half = b.rows / heads / 2;
  if (!Number.isInteger(half)) {
    throw new WorkbenchError(
      'mismatch',
      `${module} has ${b.rows} outputs, which ${heads} heads of even size cannot share`,
    );
  }
  const data = new Float32Array(b.data.length);
  for (let row = 0; row < b.rows; row++) {
    const within = row % (2 * half);
    const to = row - within + 2 * (within % half) + Math.floor(within / half);
    data.set(b.data.subarray(row * b.cols, (row + 1) * b.cols), to * b.cols);
  }
  return { ...b, data };
}
