import { join } from 'node:path';
import { encodeGgufHead } from '../nn/files/gguf.ts';
import { readTensorF32 } from '../nn/files/safetensors.ts';
import type { Adapter } from '../nn/lora/adapter.ts';
import { ggufMark } from '../nn/lora/adapterToGguf.ts';
import { mergeDelta } from '../nn/merge/mergeIntoBase.ts';
import { ggufMetadata } from '../nn/model/ggufMetadata.ts';
import { ggufChange, ggufTensorNames, moveRows } from '../nn/model/ggufTensors.ts';
import { encodeGgml, fitsGgml, type GgmlOutput, ggmlBytes, ggmlOutputs } from '../nn/quant/encodeGgml.ts';
import { allFinite } from '../nn/tensor/allFinite.ts';
import { tokenizerToGguf } from '../nn/tokenizer/tokenizerToGguf.ts';
import { WorkbenchError } from '../protocol/errors.ts';
import { type Base, readTextFiles } from './base.ts';
import { openFile, writeAt, writeFileAtomic } from './files.ts';
import type { WorkWatch } from './workWatch.ts';

/** A tensor of the file, and the part of the base's tensor that it is. */
interface Part {
  name: string;
  source: string;
  /** Rows first. */
  shape: number[];
  firstRow: number;
  type: GgmlOutput;
}

/**
 * Writes a base with adapters merged into it, W + Σ wᵢ sᵢ Bᵢ Aᵢ, as one GGUF file with its tokenizer and chat template:
 * matrices as `type`, the embedding and the output in 8 bits where that has 4, vectors in F32. One tensor is in memory at
 * a time. Progress is in tensors. Throws `unsupported` for what has no place in such a file, and `badRequest` for sums
 * that are not finite; nothing is written then.
 */
export async function writeGgufModel(
  base: Base,
  adapters: { adapter: Adapter; weight: number }[],
  out: string,
  { name, type, ...watch }: { name: string; type: GgmlOutput } & WorkWatch,
): Promise<void> {
  const { metadata, tensors: ropes } = ggufMetadata(base.config, name);
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
  const parts = partsOf(base, type);
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
    let last: { source: string; values: Float32Array } | undefined;
    for (const [i, part] of parts.entries()) {
      watch.signal?.throwIfAborted();
      if (last?.source !== part.source)
        last = { source: part.source, values: await mergedTensor(base, part.source, adapters) };
      const cols = part.shape.at(-1)!;
      const from = part.firstRow * cols;
      const values = last.values.subarray(from, from + part.shape.reduce((a, b) => a * b, 1));
      await writeAt(file, encodeGgml(part.type, arranged(base, part, values)), begins[i]!);
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

function partsOf({ config, tensors }: Base, type: GgmlOutput): Part[] {
  return [...tensors].flatMap(([source, { shape }]) => {
    const names = ggufTensorNames(source, config.architecture);
    // Rotary tables of old checkpoints, a head beside tied weights: nothing that the model reads.
    if (!names) return [];
    const rows = shape[0]! / names.length;
    const isEnd = /^(model\.embed_tokens|lm_head)\./.test(source);
    const wanted = shape.length === 1 ? 'F32' : isEnd && type === 'Q4_0' ? 'Q8_0' : type;
    const fits = fitsGgml(wanted, shape.at(-1)!);
    return names.map((name, i) => ({
      name,
      source,
      shape: [rows, ...shape.slice(1)],
      firstRow: i * rows,
      type: fits ? wanted : ('F16' as const),
    }));
  });
}

/** A tensor of the base with what the adapters add to it. */
async function mergedTensor(
  base: Base,
  name: string,
  adapters: { adapter: Adapter; weight: number }[],
): Promise<Float32Array> {
  const place = base.tensors.get(name)!;
  const { handle } = await openFile(join(base.folder, place.file), 'a weight file');
  try {
    const bytes = Buffer.alloc(place.length);
    for (let at = 0; at < bytes.length; ) {
      const { bytesRead } = await handle.read(bytes, at, Math.min(bytes.length - at, 2 ** 30), place.offset + at);
      if (bytesRead === 0) throw new WorkbenchError('badFile', `${place.file} became shorter while it was read`);
      at += bytesRead;
    }
    const values = readTensorF32({ dtype: place.dtype, shape: place.shape }, bytes);
    const module = name.replace(/\.weight$/, '');
    const factors = adapters.flatMap(({ adapter, weight }) => {
      const own = adapter.modules.get(module);
      return own ? [{ ...own, weight }] : [];
    });
    const merged = factors.length > 0 ? mergeDelta(values, factors) : values;
    if (allFinite(merged)) return merged;
    throw new WorkbenchError('badRequest', `${name}: the sum holds values that are not finite; nothing was written`);
  } finally {
    await handle.close();
  }
}

function arranged({ config }: Base, { source, shape }: Part, values: Float32Array): Float32Array {
  const change = ggufChange(source, config);
  if (change === undefined) return values;
  if (change === 'plusOne') return values.map(x => x + 1);
  return moveRows({ rows: shape[0]!, cols: shape[1] ?? 1, data: values }, change, source).data;
}
