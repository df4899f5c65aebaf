import { gunzipSync } from 'node:zlib';
import { MAX_FILE_BYTES } from '../data/limits.ts';
import { isParquet } from '../data/parquet/parquetRows.ts';
import { type SplitDataset, type Splitting, splitDataset, splitParquet } from '../data/splitDataset.ts';
import { isGzip, unpackers } from './parseDataFile.ts';

/**
 * Sets a share of a data file's examples aside, whatever kind of file it is; both parts are lines of JSON. Undefined where
 * there are fewer than two prompts. Throws zlib's error for a file that cannot be unpacked.
 */
export function splitDataFile(bytes: Uint8Array, fileName: string, splitting: Splitting): SplitDataset | undefined {
  const plain = isGzip(bytes) ? gunzipSync(bytes, { maxOutputLength: MAX_FILE_BYTES }) : bytes;
  const name = fileName.replace(/\.gz$/i, '');
  return isParquet(plain)
    ? splitParquet(plain, name, unpackers, splitting)
    : splitDataset(new TextDecoder().decode(plain), name, splitting);
}
