import { open } from 'node:fs/promises';
import { detectFormat } from '../data/datasetFormats.ts';
import { findData } from './hubDatasets.ts';

/** Of a file, what is read: a row of the form has what stands around a gap, which may be long. */
const mostBytes = 256_000;

/** Whether a dataset's first row is a gap and what fills it; false where that cannot be read from its beginning. */
export async function learnsGaps(folder: string, data: string): Promise<boolean> {
  const [file] = findData(folder, data).files;
  if (file === undefined || !/\.jsonl?$/i.test(file)) return false;
  const handle = await open(file).catch(() => undefined);
  if (!handle) return false;
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(mostBytes), 0, mostBytes, 0);
    const [first] = buffer
      .toString('utf8', 0, bytesRead)
      .replace(/^\uFEFF?\s*/, '')
      .split('\n', 1);
    return detectFormat([JSON.parse(first!)]) === 'fill';
  } catch {
    return false;
  } finally {
    await handle.close();
  }
}
