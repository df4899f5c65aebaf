import * as zlib from 'node:zlib';
import { brotliDecompressSync, gunzipSync, type ZlibOptions } from 'node:zlib';
import { MAX_FILE_BYTES, tooLarge } from '../data/limits.ts';
import { isParquet, type Unpackers } from '../data/parquet/parquetRows.ts';
import { type DataReading, type Dataset, parseDataset, parseParquet } from '../data/parseDataset.ts';
import { problemList } from '../data/problemList.ts';

/** Reads a dataset file's bytes, of any kind by its first bytes: Parquet, text, or either packed with gzip. */
export function parseDataFile(bytes: Uint8Array, fileName: string, reading?: DataReading): Dataset {
  const refuse = (code: string, message: string): Dataset => {
    const report = problemList(fileName);
    report.add(code, 1, message);
    return { examples: [], fields: [], problems: report.problems() };
  };
  if (bytes.length > MAX_FILE_BYTES) return refuse('fileTooLarge', tooLarge(bytes.length));
  const name = reading?.plainName ?? fileName;
  if (!isGzip(bytes)) return parsePlain(bytes, fileName, name, reading);
  let plain: Uint8Array;
  try {
    plain = gunzipSync(bytes, { maxOutputLength: MAX_FILE_BYTES });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE')
      return refuse('fileTooLarge', `unpacked the file has more than the ${MAX_FILE_BYTES / 1e6} MB that are read.`);
    return refuse('badGzip', `the file cannot be unpacked (${(error as Error).message}); pack it again.`);
  }
  return parsePlain(plain, fileName, name.replace(/\.gz$/i, ''), reading);
}

/** Reads the files of a split as one dataset: Parquet, or one file of another kind. */
export function parseDataFiles(files: readonly Uint8Array[], name: string, reading?: DataReading): Dataset {
  return files.length > 1 && files.every(isParquet)
    ? parseParquet(files, name, unpackers, reading)
    : parseDataFile(files[0]!, name, reading);
}

export const isGzip = (bytes: Uint8Array) => bytes[0] === 0x1f && bytes[1] === 0x8b;

/** `plainName` says what kind of text it is, where problems name the file that is there. */
function parsePlain(bytes: Uint8Array, fileName: string, plainName: string, reading?: DataReading): Dataset {
  if (isParquet(bytes)) return parseParquet([bytes], fileName, unpackers, reading);
  return parseDataset(bytes, fileName, { ...reading, plainName });
}

/** From Node.js 22.15 on. */
const zstd = (zlib as { zstdDecompressSync?: (bytes: Uint8Array, options: ZlibOptions) => Uint8Array })
  .zstdDecompressSync;

export const unpackers: Unpackers = {
  gzip: (packed, size) => sized(gunzipSync(packed, { maxOutputLength: size + 1 }), size),
  Brotli: (packed, size) => sized(brotliDecompressSync(packed, { maxOutputLength: size + 1 }), size),
  ...(zstd && { Zstandard: (packed, size) => sized(zstd(packed, { maxOutputLength: size + 1 }), size) }),
};

function sized(bytes: Uint8Array, size: number): Uint8Array {
  if (bytes.length !== size) throw new Error('a page has another length than it says');
  return bytes;
}
