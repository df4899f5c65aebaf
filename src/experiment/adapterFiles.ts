import { createHash } from 'node:crypto';
import { open, readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { encodeSafetensors } from '../nn/files/safetensors.ts';
import { readTorchFile } from '../nn/files/torchFile.ts';
import type { Adapter } from '../nn/lora/adapter.ts';
import { type AdapterConfig, parseAdapterConfig } from '../nn/lora/adapterConfig.ts';
import { type AdapterOrigin, originOf } from '../nn/lora/adapterOrigin.ts';
import { foreignBeginning, foreignFile } from '../nn/lora/otherAdapters.ts';
import { adapterFromPeft, adapterToPeft, outsideTargets } from '../nn/lora/peftAdapter.ts';
import type { FloatTensor } from '../nn/tensor/dtype.ts';
import { WorkbenchError } from '../protocol/errors.ts';
import { type MergeFit, mergeFitSchema } from '../protocol/mergeFit.ts';
import { isThere, readBytes, readText, writeFolderAtomic } from './files.ts';
import { adapterPaths, otherFactorsFiles } from './paths.ts';
import { settle } from './removeStaleFiles.ts';
import { readSafetensors, readSafetensorsHeader } from './safetensorsFile.ts';

/** Paths of all layers of the largest models, with ranks and alphas of their own, are a tenth of it. */
const maxConfigBytes = 2_000_000;

/**
 * Reads an adapter folder in PEFT's format or MLX's; `tell` hears of factors that PEFT would leave out, and of settings
 * that are not known. Throws `notFound`,
 * `badFile`, `mismatch` or `unsupported`, naming the part.
 */
export async function readAdapter(
  folder: string,
  name = basename(folder),
  tell: (note: string) => void = () => {},
): Promise<Adapter> {
  const { config, problems } = await readConfig(folder, `the configuration of adapter '${name}'`);
  for (const { message } of problems) tell(message);
  const path = await factorsFileOf(folder);
  const adapter = adapterFromPeft(config, await readFactors(path, name), name, path);
  const note = outsideTargets(adapter);
  if (note) tell(note);
  return adapter;
}

async function readFactors(path: string, name: string): Promise<Map<string, FloatTensor>> {
  const what = `the factors of adapter '${name}'`;
  if (isTorchFile(path)) return readTorchFile(await readBytes(path, what), path);
  const { tensors } = await readSafetensors(path, what).catch(error => {
    if (!(error instanceof WorkbenchError && error.code === 'unsupported')) throw error;
    const hint = 'Load the adapter with PEFT and save it in F32, F16 or BF16.';
    throw new WorkbenchError('unsupported', `${error.message}; factors are read in F64, F32, F16 and BF16`, hint);
  });
  return tensors;
}

function isTorchFile(path: string): boolean {
  return path.endsWith('.bin');
}

/** Where an adapter's factors are. Throws where there are none that could be read, saying what is there instead. */
async function factorsFileOf(folder: string): Promise<string> {
  const own = adapterPaths(folder).factors;
  const others = otherFactorsFiles.map(name => join(folder, name));
  for (const path of [own, ...others]) {
    const info = await stat(path).catch(() => undefined);
    if (!info) continue;
    // A pipe would be waited for without end.
    if (!info.isFile()) throw new WorkbenchError('badFile', `${path} is not a file`);
    if (info.size === 0) throw new WorkbenchError('badFile', `${path} is empty`, 'Copy or download the adapter again.');
    const found = isTorchFile(path) ? undefined : foreignBeginning(await beginningOf(path));
    if (found) throw new WorkbenchError('badFile', `${path}: ${found.what}`, found.hint);
    return path;
  }
  throw await noFile(folder, basename(own));
}

/** The error of an adapter folder that lacks one of its files: what it holds instead, where that is an adapter's. */
async function noFile(folder: string, name: string): Promise<WorkbenchError> {
  const found = foreignFile(await readdir(folder).catch(() => []));
  if (found)
    return new WorkbenchError('unsupported', `${folder} has no ${name} but ${found.name}, ${found.what}`, found.hint);
  return new WorkbenchError(
    'notFound',
    `the adapter's ${name} is not there: ${folder}`,
    'An adapter is a folder with adapter_config.json and adapter_model.safetensors, as PEFT saves it.',
  );
}

async function beginningOf(path: string): Promise<string> {
  const handle = await open(path);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(100), 0, 100, 0);
    return buffer.toString('latin1', 0, bytesRead);
  } finally {
    await handle.close();
  }
}

/** What an adapter folder says of its rank, scaling and layers; `what` names the file where it is missing. */
export async function readAdapterConfig(folder: string, what: string): Promise<AdapterConfig> {
  return (await readConfig(folder, what)).config;
}

async function readConfig(folder: string, what: string): Promise<ReturnType<typeof parseAdapterConfig>> {
  const path = adapterPaths(folder).config;
  if (!(await isThere(folder))) await settle(folder);
  return parseAdapterConfig(await readConfigText(path, what), path);
}

async function readConfigText(path: string, what: string): Promise<string> {
  const info = await stat(path).catch(() => undefined);
  const other = info ? undefined : foreignFile(await readdir(dirname(path)).catch(() => []));
  if (other)
    throw new WorkbenchError(
      'unsupported',
      `${what} is not there: ${path}; there is ${other.name}, ${other.what}`,
      other.hint,
    );
  if (info && !info.isFile()) throw new WorkbenchError('badFile', `${path} is not a file`);
  if (info && info.size > maxConfigBytes)
    throw new WorkbenchError(
      'badFile',
      `${path} has ${info.size} bytes; the configuration of an adapter has at most ${maxConfigBytes}`,
      'Name the layers by their last names, such as q_proj.',
    );
  return readText(path, what);
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
  const path = await factorsFileOf(folder);
  return isTorchFile(path) ? {} : originOf((await readSafetensorsHeader(path)).metadata);
}

const fitKey = 'merge_fit';

/** What a merge was fitted to, as metadata of its factors: without the time that it took, so that it is the same bytes again. */
export function fitMetadata({ seconds: _, ...fit }: MergeFit): Record<string, string> {
  return { [fitKey]: JSON.stringify(fit) };
}

/** What a merge in a folder was fitted to; undefined of one that was not, or does not say so. */
export async function readFit(folder: string): Promise<MergeFit | undefined> {
  const path = await factorsFileOf(folder);
  const text = isTorchFile(path) ? undefined : (await readSafetensorsHeader(path)).metadata[fitKey];
  try {
    return text === undefined ? undefined : mergeFitSchema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/** SHA-256 of an adapter's factors as they lie on disk. */
export async function hashAdapter(folder: string): Promise<string> {
  const bytes = await readBytes(await factorsFileOf(folder), 'the factors of the adapter');
  return createHash('sha256').update(bytes).digest('hex');
}

/**
 * What changes when anything is written into an adapter's folder that changes its answers: sizes and times of factors and
 * configuration, and the configuration's text. Undefined where there is no configuration.
 */
export async function adapterStamp(folder: string): Promise<string | undefined> {
  const { config, factors } = adapterPaths(folder);
  const others = otherFactorsFiles.map(name => join(folder, name));
  const parts = await Promise.all([config, factors, ...others].map(stampOf));
  if (parts[0] === undefined) return undefined;
  // What cannot be read is told of by whoever loads it.
  const text = await readConfigText(config, 'the configuration').catch(() => '');
  return JSON.stringify([...parts, text]);
}

/** A copy may keep the time of its original, but not the time at which its entry was changed. */
function stampOf(path: string): Promise<string | undefined> {
  return stat(path, { bigint: true }).then(
    ({ size, mtimeNs, ctimeNs }) => [size, mtimeNs, ctimeNs].join(' '),
    () => undefined,
  );
}
