import { createHash } from 'node:crypto';
import { readdir, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import type { Example } from '../../data/example.ts';
import type { BaseText } from '../../experiment/base.ts';
import { readBytes, writeFileAtomic } from '../../experiment/files.ts';
import { WorkbenchError } from '../../protocol/errors.ts';
import { type EncodedExamples, type EncodingSettings, numbersPerExample } from './encodedExamples.ts';

/** Grows with every change of what examples are encoded to, or of the file. */
const version = 1;
/** In bytes, of all files; the ones that were not used for longest go first. */
const mostBytes = 1_000_000_000;
const headerBytes = 16;
const hashBytes = 32;

/** What tokens follow from: the same for the same examples, tokenizer, chat template and settings. */
export function encodingKey(
  text: BaseText,
  examples: readonly Example[],
  { maxLength, lossOn, thinking }: EncodingSettings,
): string {
  const hash = createHash('sha256');
  hash.update(JSON.stringify([version, text.identity(), maxLength, lossOn, thinking]));
  for (const { messages, isText, fill, tools } of examples)
    hash.update(
      `\n${JSON.stringify(isText ? messages[0]!.content : fill || tools ? { messages, fill, tools } : messages)}`,
    );
  return hash.digest('hex');
}

const folderOf = (cacheFolder: string) => join(cacheFolder, 'tokens');

/** What was kept of a key; undefined where there is nothing, or a file that is damaged. */
export async function readEncoded(cacheFolder: string, key: string): Promise<EncodedExamples | undefined> {
  const path = join(folderOf(cacheFolder), key);
  try {
    const file = await readBytes(path, 'tokens of a dataset', mostBytes);
    const encoded = parse(file);
    if (encoded) await utimes(path, new Date(), new Date());
    else await rm(path, { force: true });
    return encoded;
  } catch (error) {
    // What cannot be read is made anew.
    if (error instanceof WorkbenchError || 'code' in (error as object)) return undefined;
    throw error;
  }
}

function parse(file: Buffer): EncodedExamples | undefined {
  if (file.length < headerBytes + hashBytes || file.length % 4 !== 0) return undefined;
  const content = file.subarray(0, file.length - hashBytes);
  if (!createHash('sha256').update(content).digest().equals(file.subarray(content.length))) return undefined;
  const numbers = new Int32Array(Uint8Array.from(content).buffer);
  const [written, examples, tokens] = numbers as unknown as [number, number, number];
  const heads = examples * numbersPerExample;
  if (written !== version || numbers.length !== headerBytes / 4 + heads + 2 * tokens) return undefined;
  const body = numbers.subarray(headerBytes / 4);
  return {
    heads: body.subarray(0, heads),
    ids: body.subarray(heads, heads + tokens),
    labels: body.subarray(heads + tokens),
  };
}

/** Keeps the tokens of a key, whole or not at all. A folder that is full or read-only costs time the next time, and nothing else. */
export async function keepEncoded(cacheFolder: string, key: string, encoded: EncodedExamples): Promise<void> {
  const { heads, ids, labels } = encoded;
  const header = Int32Array.of(version, heads.length / numbersPerExample, ids.length, 0);
  const parts = [header, heads, ids, labels].map(n => new Uint8Array(n.buffer, n.byteOffset, n.byteLength));
  if (parts.reduce((sum, p) => sum + p.length, hashBytes) > mostBytes) return;
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  try {
    await writeFileAtomic(join(folderOf(cacheFolder), key), [...parts, hash.digest()]);
    await removeOldest(folderOf(cacheFolder));
  } catch (error) {
    if (!(error instanceof WorkbenchError) || error.code !== 'storage') throw error;
  }
}

async function removeOldest(folder: string): Promise<void> {
  const names = (await readdir(folder)).filter(name => /^[0-9a-f]{64}$/.test(name));
  const files = await Promise.all(
    names.map(async name => {
      const info = await stat(join(folder, name)).catch(() => undefined);
      return { name, size: info?.size ?? 0, used: info?.mtimeMs ?? 0 };
    }),
  );
  let bytes = 0;
  for (const { name, size } of files.sort((a, b) => b.used - a.used)) {
    bytes += size;
    if (bytes > mostBytes) await rm(join(folder, name), { force: true });
  }
}
