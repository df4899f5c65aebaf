import { join } from 'node:path';
import { encodeGgufHead } from '../nn/files/gguf.ts';
import { readTensorF32 } from '../nn/files/safetensors.ts';
import { ggufMark } from '../nn/lora/adapterToGguf.ts';
import { mergedTensor, namesInCopy, unties } from '../nn/merge/mergedTensor.ts';
import type { WeightedAdapter } from '../nn/merge/mergeError.ts';
import type { BaseConfig } from '../nn/model/config.ts';
import { ggufMetadata } from '../nn/model/ggufMetadata.ts';
import { ggufChange, ggufTensorNames, moveRows } from '../nn/model/ggufTensors.ts';
import { baseTensors } from '../nn/model/layout.ts';
import { encodeGgml, fitsGgml, type GgmlOutput, ggmlBytes, ggmlOutputs, largestGgml } from '../nn/quant/encodeGgml.ts';
import { allFinite } from '../nn/tensor/allFinite.ts';
import { tokenizerToGguf } from '../nn/tokenizer/tokenizerToGguf.ts';
import { WorkbenchError } from '../protocol/errors.ts';
import { type Base, readTextFiles } from './base.ts';
import { openFile, writeAt, writeFileAtomic } from './files.ts';
import type { WorkWatch } from './workWatch.ts';

/** A tensor of the file, and the part of the copy's tensor that it is. */
interface Part {
  name: string;
  /** The copy's tensor, and that of the base of which it is made. */
  tensor: string;
  source: string;
  /** Rows first. */
  shape: number[];
  firstRow: number;
  type: GgmlOutput;
}

/**
 * Writes a base with adapters merged into it, W + Σ wᵢ ΔWᵢ, as one GGUF file with its tokenizer and chat template:
 * matrices as `type`, the embedding and the output in 8 bits where that has 4, vectors in F32. One tensor is in memory at
 * a time. Progress is in tensors. Throws `unsupported` for what has no place in such a file, and `badRequest` for sums
 * that are not finite; nothing is written then.
 */
export async function writeGgufModel(
  base: Base,
  adapters: WeightedAdapter[],
  out: string,
  { name, type, ...watch }: { name: string; type: GgmlOutput } & WorkWatch,
): Promise<void> {
  // Where the output layer is the embedding and one of them alone changes, the file has both.
  const untied = unties(base.config, adapters);
  const config = untied ? { ...base.config, tied: false } : base.config;
  const { metadata, tensors: ropes } = ggufMetadata(config, name);
  const text = await readTextFiles(base.folder);
  const all = new Map([
    [ggufMark, { string: 'model' }],
    ...metadata,
    ['general.file_type', { uint32: fileTypes[type] }] as const,
    ['general.quantization_version', { uint32: 2 }] as const,
    ...(text
      ? tokenizerToGguf(text, { rows: base.config.vocab, template: text.template?.source, file: base.folder })
      : []),
  ]);
  const parts = partsOf(base, config, untied, type);
  const ropeInfos = [...ropes].map(([own, { shape, data }]) => ({
    name: own,
    shape,
    type: ggmlOutputs.F32,
    bytes: data.byteLength,
  }));
  const infos = parts.map(p => ({
    name: p.name,
    shape: p.shape,
    type: ggmlOutputs[p.type],
    bytes: ggmlBytes(
      p.type,
      p.shape.reduce((a, b) => a * b, 1),
    ),
  }));
  const { head, begins, size } = encodeGgufHead(all, [...infos, ...ropeInfos]);
  await writeFileAtomic(out, async file => {
    let at = 0;
    for (const chunk of head) {
      await writeAt(file, chunk, at);
      at += chunk.length;
    }
    let last: { tensor: string; values: Float32Array } | undefined;
    for (const [i, part] of parts.entries()) {
      watch.signal?.throwIfAborted();
      if (last?.tensor !== part.tensor)
        last = { tensor: part.tensor, values: await tensorOfCopy(base, part, adapters) };
      const cols = part.shape.at(-1)!;
      const from = part.firstRow * cols;
      const values = last.values.subarray(from, from + part.shape.reduce((a, b) => a * b, 1));
      const placed = arranged(base, part, values);
      checkHeld(part, placed);
      await writeAt(file, encodeGgml(part.type, placed), begins[i]!);
      watch.progress?.(i + 1, parts.length);
      // Lets the process read a cancellation.
      await new Promise(resolve => setImmediate(resolve));
    }
    for (const [i, { data }] of [...ropes.values()].entries())
      await writeAt(file, encodeGgml('F32', data), begins[parts.length + i]!);
    await file.truncate(size);
  });
}

/** `general.file_type`: what most of the tensors are. */
const fileTypes: Record<GgmlOutput, number> = { F32: 0, F16: 1, Q4_0: 2, Q8_0: 7 };

/** `config` is that of the copy. */
function partsOf({ tensors }: Base, config: BaseConfig, untied: boolean, type: GgmlOutput): Part[] {
  // Rotary tables of old checkpoints, a head beside tied weights: nothing that the model reads.
  const read = baseTensors(config);
  const { embedding, head } = config.names;
  const ends = [`${embedding}.weight`, `${head}.weight`];
  const named = [...tensors.keys()].flatMap(source =>
    namesInCopy(source, config, untied).flatMap(tensor => (read.has(tensor) ? [{ source, tensor }] : [])),
  );
  return named.flatMap(({ source, tensor }) => {
    const names = ggufTensorNames(tensor, config.architecture);
    if (!names) throw new WorkbenchError('unsupported', `${tensor} has no place in a GGUF file`);
    const { shape } = tensors.get(source)!;
    const rows = shape[0]! / names.length;
    const wanted = shape.length === 1 ? 'F32' : ends.includes(tensor) && type === 'Q4_0' ? 'Q8_0' : type;
    const fits = fitsGgml(wanted, shape.at(-1)!);
    return names.map((name, i) => ({
      name,
      tensor,
      source,
      shape: [rows, ...shape.slice(1)],
      firstRow: i * rows,
      type: fits ? wanted : ('F16' as const),
    }));
  });
}

/** A tensor of the copy: that of the base, with what the adapters make of it. */
async function tensorOfCopy(base: Base, { tensor, source }: Part, adapters: WeightedAdapter[]): Promise<Float32Array> {
  const place = base.tensors.get(source)!;
  const { handle } = await openFile(join(base.folder, place.file), 'a weight file');
  try {
    const bytes = Buffer.alloc(place.length);
    for (let at = 0; at < bytes.length; ) {
      const { bytesRead } = await handle.read(bytes, at, Math.min(bytes.length - at, 2 ** 30), place.offset + at);
      if (bytesRead === 0) throw new WorkbenchError('badFile', `${place.file} became shorter while it was read`);
      at += bytesRead;
    }
    const values = readTensorF32({ dtype: place.dtype, shape: place.shape }, bytes);
    if (!allFinite(values))
      throw new WorkbenchError(
        'badFile',
        `${place.file}: '${source}' of the base holds values that are infinite or not numbers; nothing was written`,
        'Get the base again.',
      );
    return mergedTensor(tensor, place.shape[0]!, () => values, adapters)?.merged ?? values;
  } finally {
    await handle.close();
  }
}

function checkHeld({ tensor, type }: Part, values: Float32Array): void {
  let largest = 0;
  for (let i = 0; i < values.length; i++) largest = Math.max(largest, Math.abs(values[i]!));
  if (largest <= largestGgml[type]) return;
  throw new WorkbenchError(
    'badRequest',
    `${tensor}: the sum holds values that are beyond what ${type} holds, or not finite; nothing was written`,
    'Use smaller weights, or write it in F32.',
  );
}

function arranged({ config }: Base, { tensor, shape }: Part, values: Float32Array): Float32Array {
  const change = ggufChange(tensor, config);
  if (change === undefined) return values;
  if (change === 'plusOne') return values.map(x => x + 1);
  return moveRows({ rows: shape[0]!, cols: shape[1] ?? 1, data: values }, change, tensor).data;
}
