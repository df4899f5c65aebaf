import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { encodeSafetensors } from '../nn/files/safetensors.ts';
import { type Adapter, adapterFromPeft, adapterToPeft } from '../nn/lora/adapter.ts';
import { type AdapterConfig, parseAdapterConfig } from '../nn/lora/adapterConfig.ts';
import { type AdapterOrigin, originOf } from '../nn/lora/adapterOrigin.ts';
import { isThere, readBytes, readText, writeFolderAtomic } from './files.ts';
import { adapterPaths } from './paths.ts';
import { settle } from './removeStaleFiles.ts';
import { readSafetensors, readSafetensorsHeader } from './safetensorsFile.ts';

/** Reads an adapter folder in PEFT's format. Throws `notFound`, `badFile`, `mismatch` or `unsupported`, naming the part. */
export async function readAdapter(folder: string, name = basename(folder)): Promise<Adapter> {
  const config = await readAdapterConfig(folder, `the configuration of adapter '${name}'`);
  const { tensors } = await readSafetensors(adapterPaths(folder).factors, `the factors of adapter '${name}'`);
  return adapterFromPeft(config, tensors, name);
}

/** What an adapter folder says of its rank, scaling and layers; `what` names the file where it is missing. */
export async function readAdapterConfig(folder: string, what: string): Promise<AdapterConfig> {
  const path = adapterPaths(folder).config;
  if (!(await isThere(folder))) await settle(folder);
  return parseAdapterConfig(await readText(path, what), path).config;
}

/**
 * Writes an adapter folder that PEFT loads, whole or not at all; `mark` goes into the metadata of its factors. `check` is
 * called just before the folder takes the place of an older one, and throws where it must not.
 */
export async function writeAdapter(
  folder: string,
  adapter: Adapter,
  mark: Record<string, string> = {},
  check?: () => Promise<void>,
): Promise<void> {
  await writeFolderAtomic(folder, encodeAdapter(adapter, mark), check);
}

/** The files of an adapter folder. */
export function encodeAdapter(adapter: Adapter, mark: Record<string, string>): Map<string, string | Uint8Array[]> {
  const { configJson, tensors, metadata } = adapterToPeft(adapter);
  const { config, factors } = adapterPaths('');
  return new Map<string, string | Uint8Array[]>([
    [config, configJson],
    [factors, encodeSafetensors(tensors, { ...metadata, ...mark })],
  ]);
}

/** What the adapter in a folder was trained on, as far as it says. */
export async function readOrigin(folder: string): Promise<AdapterOrigin> {
  return originOf((await readSafetensorsHeader(adapterPaths(folder).factors)).metadata);
}

/** SHA-256 of an adapter's factors as they lie on disk. */
export async function hashAdapter(folder: string): Promise<string> {
  const bytes = await readBytes(adapterPaths(folder).factors, 'the factors of the adapter');
  return createHash('sha256').update(bytes).digest('hex');
}

/** When an adapter's factors were last written, in milliseconds since 1970; undefined where there are none. */
export async function adapterWritten(folder: string): Promise<number | undefined> {
  return stat(adapterPaths(folder).factors).then(
    ({ mtimeMs }) => mtimeMs,
    () => undefined,
  );
}
