import { join } from 'node:path';
import {
  parseSafetensorsHeader,
  readTensorF32,
  type SafetensorsHeader,
  safetensorsHeaderEnd,
} from '../nn/files/safetensors.ts';
import type { FloatTensor } from '../nn/tensor/dtype.ts';
import type { TensorPlace } from '../nn/tensor/tensorPlace.ts';
import { WorkbenchError } from '../protocol/errors.ts';
import { openFile, readBytes } from './files.ts';

/** The header of a safetensors file, without its data. Throws `notFound` or `badFile`. */
export async function readSafetensorsHeader(path: string): Promise<SafetensorsHeader> {
  const { handle, size } = await openFile(path, 'a weight file').catch(error => {
    if (!(error instanceof WorkbenchError && error.code === 'notFound')) throw error;
    throw new WorkbenchError('notFound', error.message, 'Is the download complete?');
  });
  try {
    const prefix = Buffer.alloc(8);
    await handle.read(prefix, 0, Math.min(8, size), 0);
    const head = Buffer.alloc(safetensorsHeaderEnd(prefix, size, path));
    await handle.read(head, 0, head.length, 0);
    return parseSafetensorsHeader(head, size, path);
  } finally {
    await handle.close();
  }
}

/** Names, types and places of a safetensors file's tensors; only the header is read. */
export async function readTensorPlaces(folder: string, file: string): Promise<Map<string, TensorPlace>> {
  const { tensors } = await readSafetensorsHeader(join(folder, file));
  return new Map(
    [...tensors].map(([name, t]) => [
      name,
      { file, dtype: t.dtype, shape: t.shape, offset: t.begin, length: t.end - t.begin },
    ]),
  );
}

const floatTypes = ['F32', 'F64', 'F16', 'BF16'];

/** All tensors of a safetensors file, as F32, and its metadata. Throws `notFound`, `badFile` or `unsupported`. */
export async function readSafetensors(
  path: string,
  what: string,
): Promise<{ tensors: Map<string, FloatTensor>; metadata: Record<string, string> }> {
  const bytes = await readBytes(path, what);
  const { tensors, metadata } = parseSafetensorsHeader(bytes, bytes.length, path);
  for (const [name, { dtype }] of tensors)
    if (!floatTypes.includes(dtype))
      throw new WorkbenchError('unsupported', `${path}: '${name}' is stored as ${dtype}`);
  const floats = new Map(
    [...tensors].map(([name, t]) => [name, { shape: t.shape, data: readTensorF32(t, bytes.subarray(t.begin, t.end)) }]),
  );
  return { tensors: floats, metadata };
}
