import { WorkbenchError } from '../../protocol/errors.ts';
import { encodeGguf, type GgufValue } from '../files/gguf.ts';
import { architectures } from '../model/architectures.ts';
import type { ArchitectureTraits } from '../model/architectureTraits.ts';
import { allFinite } from '../tensor/allFinite.ts';
import type { FloatTensor, Matrix } from '../tensor/dtype.ts';
import type { Adapter } from './adapter.ts';

/** What llama.cpp must know of the base an adapter belongs to. */
export interface GgufBase {
  /** llama.cpp's name for it; Mistral models are `llama` there. */
  architecture: ArchitectureTraits['ggufName'];
  heads: number;
  kvHeads: number;
}

/** The first key of every file, which llama.cpp does not read: what has it was made of an adapter and can be made again. */
export const ggufMark = 'multi_lora.result';

/** llama.cpp's names of a block's linear layers; of some it has the parts of equal size as layers of their own. */
const tensorNames: Record<string, readonly string[]> = {
  'self_attn.q_proj': ['attn_q'],
  'self_attn.k_proj': ['attn_k'],
  'self_attn.v_proj': ['attn_v'],
  'self_attn.qkv_proj': ['attn_qkv'],
  'self_attn.o_proj': ['attn_output'],
  'mlp.gate_proj': ['ffn_gate'],
  'mlp.up_proj': ['ffn_up'],
  'mlp.gate_up_proj': ['ffn_up'],
  'mlp.down_proj': ['ffn_down'],
  'mlp.c_fc': ['ffn_up'],
  'mlp.c_proj': ['ffn_down'],
  'attention.query_key_value': ['attn_qkv'],
  'attention.dense': ['attn_output'],
  'mlp.dense_h_to_4h': ['ffn_up'],
  'mlp.dense_4h_to_h': ['ffn_down'],
  'shared_mlp.input_linear': ['ffn_gate', 'ffn_up'],
  'shared_mlp.output_linear': ['ffn_down'],
};

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
    ['general.architecture', { string: base.architecture }],
    ['general.type', { string: 'adapter' }],
    ['general.name', { string: adapter.name }],
    ['adapter.type', { string: 'lora' }],
    ['adapter.lora.alpha', { float32: alpha }],
  ]);
  const traits = Object.values(architectures).find(t => t.ggufName === base.architecture);
  const tensors = new Map<string, FloatTensor>();
  for (const [module, { A, B, scaling }] of adapter.modules) {
    const match = /^(?:model|gpt_neox)\.layers\.(\d+)\.(.+)$/.exec(module);
    const names = match && tensorNames[match[2]!];
    if (!names)
      throw new WorkbenchError('unsupported', `Adapter ${adapter.name}: ${module} has no place in a GGUF adapter`);
    const rest = (scaling * A.rows) / alpha;
    const scaled: Matrix = rest === 1 ? B : { ...B, data: B.data.map(value => value * rest) };
    if (!allFinite(scaled.data))
      throw new WorkbenchError(
        'unsupported',
        `Adapter ${adapter.name}: ${module} times its share of the scaling (${rest}) is beyond single floats`,
        'Use an alpha that is nearer to that of the other layers.',
      );
    const rows = B.rows / names.length;
    for (const [i, name] of names.entries()) {
      const heads = name === 'attn_q' ? base.heads : name === 'attn_k' ? base.kvHeads : undefined;
      const part: Matrix = { rows, cols: B.cols, data: scaled.data.slice(i * rows * B.cols, (i + 1) * rows * B.cols) };
      const isByHead = name === 'attn_qkv' && traits?.qkvByHead;
      const placed =
        traits?.ggufPairs && heads !== undefined
          ? interleaveRows(part, heads, module)
          : isByHead
            ? partRows(part, base.heads, module)
            : part;
      const target = `blk.${match[1]}.${name}.weight`;
      tensors.set(`${target}.lora_a`, { shape: [A.rows, A.cols], data: A.data });
      tensors.set(`${target}.lora_b`, { shape: [rows, B.cols], data: placed.data });
    }
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
  return moveRows(b, row => {
    const within = row % (2 * half);
    return row - within + 2 * (within % half) + Math.floor(within / half);
  });
}

/** Of a layer that gives q, k and v head by head llama.cpp has all heads of q, then those of k and of v. */
function partRows(b: Matrix, heads: number, module: string): Matrix {
  const size = b.rows / heads / 3;
  if (!Number.isInteger(size))
    throw new WorkbenchError('mismatch', `${module} has ${b.rows} outputs, which ${heads} heads cannot share in three`);
  return moveRows(b, row => {
    const [head, part] = [Math.floor(row / (3 * size)), Math.floor(row / size) % 3];
    return (part * heads + head) * size + (row % size);
  });
}

function moveRows(b: Matrix, to: (row: number) => number): Matrix {
  const data = new Float32Array(b.data.length);
  for (let row = 0; row < b.rows; row++) data.set(b.data.subarray(row * b.cols, (row + 1) * b.cols), to(row) * b.cols);
  return { ...b, data };
}
