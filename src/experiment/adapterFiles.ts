import { createHash } from 'node:crypto';
import { basename, join } from 'node:path';
import { encodeSafetensors, parseSafetensorsHeader, readTensorF32 } from '../nn/files/safetensors.ts';
import { type Adapter, adapterFromPeft, adapterToPeft } from '../nn/lora/adapter.ts';
import { parseAdapterConfig } from '../nn/lora/adapterConfig.ts';
import { type AdapterOrigin, originOf } from '../nn/lora/adapterOrigin.ts';
import type { FloatTensor } from '../nn/tensor/dtype.ts';
import { WorkbenchError } from '../protocol/errors.ts';
import { readSafetensorsHeader } from './base.ts';
import { readBytes, readText, writeFolderAtomic } from './files.ts';

/** Reads an adapter folder in PEFT's format. Throws `notFound`, `badFile`, `mismatch` or `unsupported`, naming the part. */
export async function readAdapter(folder: string, name = basename(folder)): Promise<Adapter> {
  const configPath = join(folder, 'adapter_config.json');
  const { config } = parseAdapterConfig(
    await readText(configPath, `the configuration of adapter '${name}'`),
    configPath,
  );
  return adapterFromPeft(
    config,
    await readFloatTensors(join(folder, 'adapter_model.safetensors'), `the factors of adapter '${name}'`),
    name,
  );
}

/** Writes an adapter folder that PEFT loads, whole or not at all; `mark` goes into the metadata of its factors. */
export async function writeAdapter(folder: string, adapter: Adapter, mark: Record<string, string> = {}): Promise<void> {
  const { configJson, tensors, metadata } = adapterToPeft(adapter);
  await writeFolderAtomic(
    folder,
    new Map<string, string | Uint8Array[]>([
      ['adapter_config.json', configJson],
      ['adapter_model.safetensors', encodeSafetensors(tensors, { ...metadata, ...mark })],
    ]),
  );
}

/** What the adapter in a folder was trained on, as far as it says. */
export async function readOrigin(folder: string): Promise<AdapterOrigin> {
  return originOf((await readSafetensorsHeader(join(folder, 'adapter_model.safetensors'))).metadata);
}

/** SHA-256 of an adapter's factors as they lie on disk. */
export async function hashAdapter(folder: string): Promise<string> {
  const bytes = await readBytes(join(folder, 'adapter_model.safetensors'), 'the factors of the adapter');
  return createHash('sha256').update(bytes).digest('hex');
}

const floatTypes = ['F32', 'F64', 'F16', 'BF16'];

/** All tensors of a safetensors file, as F32. */
export async function readFloatTensors(path: string, what: string): Promise<Map<string, FloatTensor>> {
  const { tensors } = await readSafetensors(path, what);
  return tensors;
}

/** All tensors of a safetensors file, as F32, and its metadata. */
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
