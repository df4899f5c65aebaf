import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { ggufParts } from '../hub/ggufFiles.ts';
import { decodeGgufHead, decodeGgufStart, type GgufFileHead } from '../nn/files/gguf.ts';
import { ggmlBlock, ggmlTypeName, ggmlTypes } from '../nn/quant/ggmlBlocks.ts';
import { WorkbenchError } from '../protocol/errors.ts';
import { visibleName } from '../protocol/visibleText.ts';
import { openFile } from './files.ts';

/** A tensor of a GGUF file. */
export interface GgufTensor {
  /** Path of the file. */
  file: string;
  /** `ggml_type` */
  type: number;
  /** Rows first. */
  shape: number[];
  /** In bytes, from the beginning of the file. */
  offset: number;
  length: number;
}

/** What stands before the weights of a model in GGUF: one file, or several that belong together. */
export interface GgufHead {
  path: string;
  files: string[];
  metadata: Record<string, unknown>;
  tensors: Map<string, GgufTensor>;
}

/** Whether a path leads to a file in GGUF, whatever its name: Ollama's have none that says so. */
export function isGgufFile(path: string): boolean {
  try {
    if (!statSync(path).isFile()) return false;
    if (/\.gguf$/i.test(path)) return true;
    const file = openSync(path, 'r');
    try {
      const begin = Buffer.alloc(4);
      return readSync(file, begin, 0, 4, 0) === 4 && begin.toString('latin1') === 'GGUF';
    } finally {
      closeSync(file);
    }
  } catch {
    // Whoever reads it says what is wrong with it.
    return false;
  }
}

/** Size and time of each file of a model in GGUF: the same model while they are the same. */
export async function ggufStamp(path: string): Promise<string> {
  const infos = await Promise.all(ggufParts(path).map(file => stat(file).catch(() => undefined)));
  return JSON.stringify(infos.map(info => [info?.size, info?.mtimeMs]));
}

let last: { path: string; stamp: string; head: GgufHead } | undefined;

/**
 * Reads the head of a model in GGUF: metadata, and where the tensors lie. Throws `notFound`, `badFile` for what is damaged
 * or cut off, and `unsupported` for tensor types that are not read; each names the file.
 */
export async function readGguf(path: string): Promise<GgufHead> {
  const stamp = await ggufStamp(path);
  // A large vocabulary takes a second, and several readings follow one another.
  if (last?.path === path && last.stamp === stamp) return last.head;
  const files = ggufParts(path);
  const head: GgufHead = { path, files, metadata: {}, tensors: new Map() };
  for (const [i, file] of files.entries()) {
    const { metadata, tensors } = await readOne(file);
    if (i === 0) head.metadata = metadata;
    for (const [name, tensor] of tensors) {
      if (head.tensors.has(name)) throw damaged(file, `holds the tensor '${visibleName(name)}' a second time`);
      head.tensors.set(name, tensor);
    }
  }
  const parts = head.metadata['split.count'];
  if (typeof parts === 'number' && parts > files.length)
    throw new WorkbenchError(
      'notFound',
      `${path}: it is one of ${parts} files that belong together; ${files.length} were found`,
      'Put all into one folder, as NAME-00001-of-0000N.gguf.',
    );
  last = { path, stamp, head };
  return head;
}

/** In bytes: more than stands before the vocabulary. */
const startLength = 1 << 16;

/**
 * What a GGUF file says of itself before its vocabulary, at once, however large that is; undefined for the few that say
 * their architecture behind it. Throws `notFound`, `badFile` and `unsupported`.
 */
export async function readGgufStart(path: string): Promise<Record<string, unknown> | undefined> {
  const { handle, size } = await openFile(path, 'the GGUF file');
  try {
    const bytes = new Uint8Array(Math.min(startLength, size));
    await handle.read(bytes, 0, bytes.length, 0);
    const metadata = decodeGgufStart(bytes, path);
    return 'general.architecture' in metadata || bytes.length === size ? metadata : undefined;
  } finally {
    await handle.close();
  }
}

/** In bytes: what is read at first of a file's head, which a vocabulary makes some megabytes long, and at most. */
const firstRead = 4e6;
const longestHead = 500e6;

async function readHead(file: string): Promise<GgufFileHead & { size: number }> {
  const { handle, size } = await openFile(file, 'the GGUF file');
  try {
    for (let length = firstRead; ; length *= 4) {
      const bytes = new Uint8Array(Math.min(length, size, longestHead));
      await handle.read(bytes, 0, bytes.length, 0);
      const head = decodeGgufHead(bytes, file);
      if (head) return { ...head, size };
      if (bytes.length < length) throw damaged(file, 'it ends within its head');
    }
  } finally {
    await handle.close();
  }
}

async function readOne(file: string): Promise<Pick<GgufHead, 'metadata' | 'tensors'>> {
  const { metadata, tensors: infos, size } = await readHead(file);
  const tensors = new Map<string, GgufTensor>();
  for (const { name: text, shape, type, offset } of infos) {
    const name = `'${visibleName(text)}'`;
    const block = ggmlBlock(type);
    if (!block)
      throw new WorkbenchError(
        'unsupported',
        `${file}: ${name} is stored as ${ggmlTypeName(type)}`,
        `Use a file with types of these: ${ggmlTypes.join(', ')}.`,
      );
    const count = shape.reduce((a, b) => a * b, 1);
    const row = shape.at(-1) ?? 1;
    if (row % block.values !== 0 || !Number.isSafeInteger(count))
      throw damaged(file, `${name} has rows of ${row} values, which are no whole blocks of ${block.values}`);
    const length = (count / block.values) * block.bytes;
    if (offset + length > size)
      throw damaged(file, `${name} should end at byte ${offset + length}; the file has ${size} bytes`);
    if (tensors.has(text)) throw damaged(file, `holds the tensor ${name} a second time`);
    tensors.set(text, { file, type, shape, offset, length });
  }
  return { metadata, tensors };
}

function damaged(file: string, what: string): WorkbenchError {
  return new WorkbenchError('badFile', `${file}: ${what}`, 'Is the download complete? Download the file again.');
}
