import { open } from 'node:fs/promises';
import { isParquet, parquetRows } from '../data/parquet/parquetRows.ts';
import { problemList } from '../data/problemList.ts';
import { csvRows, jsonlRows, normaliseText, type Row } from '../data/rows.ts';
import { readBytes } from './files.ts';
import { parseDataFile, unpackers } from './parseDataFile.ts';

/** Bytes in which the first rows of a table or of lines are looked for. */
const mostBytes = 1_000_000;

/** A field of a file, and what its first row says there. */
export interface DataField {
  name: string;
  sample: string;
}

/** The fields of a data file's first row; none where it has no row that can be read. */
export async function dataFields(path: string): Promise<DataField[]> {
  if (!/\.(csv|tsv|jsonl)$/i.test(path)) {
    const bytes = await readBytes(path, 'the dataset');
    if (isParquet(bytes)) return fieldsOf(parquetRows([bytes], problemList(path), unpackers));
    return parseDataFile(bytes, path).fields.map(name => ({ name, sample: '' }));
  }
  const text = normaliseText(await beginningOf(path));
  const report = problemList(path);
  return fieldsOf(/l$/i.test(path) ? jsonlRows(text, report) : csvRows(text, report));
}

function fieldsOf([row]: Iterable<Row>): DataField[] {
  return Object.entries(row?.fields ?? {}).map(([name, value]) => ({ name, sample: sampleOf(value) }));
}

function sampleOf(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
}

async function beginningOf(path: string): Promise<string> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(mostBytes), 0, mostBytes, 0);
    const text = buffer.toString('utf8', 0, bytesRead);
    // A row may be cut where the bytes end.
    return bytesRead < mostBytes ? text : text.slice(0, text.lastIndexOf('\n') + 1);
  } finally {
    await file.close();
  }
}
