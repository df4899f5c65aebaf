import { MAX_ROWS } from '../limits.ts';
import type { ProblemList } from '../problemList.ts';
import { type Row, tooMany } from '../rows.ts';
import { type Budget, newBudget, readColumn, type Unpack } from './column.ts';
import { type Codec, type ParquetMetadata, parquetMetadata, type SchemaNode } from './metadata.ts';
import { assembleRows } from './records.ts';

/** Unpacks pages of the codecs that a machine has beside Snappy. */
export type Unpackers = Partial<Record<Codec, Unpack>>;

const magic = [0x50, 0x41, 0x52, 0x31];

/** Whether a file begins as Parquet does. */
export function isParquet(bytes: Uint8Array): boolean {
  return magic.every((byte, i) => bytes[i] === byte);
}

/**
 * The rows of Parquet files, one after the other; `line` is the row's number in all of them. Row groups are unpacked as
 * they are read.
 */
export function* parquetRows(files: readonly Uint8Array[], report: ProblemList, unpackers: Unpackers): Generator<Row> {
  const budget = newBudget();
  let line = 1;
  for (const file of files) line = yield* rowsOfFile(file, line, budget, report, unpackers);
}

/** Gives the number of the row after the last. */
function* rowsOfFile(
  file: Uint8Array,
  first: number,
  budget: Budget,
  report: ProblemList,
  unpackers: Unpackers,
): Generator<Row, number> {
  let line = first;
  try {
    const { root, groups } = parquetMetadata(file);
    for (const group of groups) {
      if (line - 1 + group.rows > MAX_ROWS) {
        report.add('tooManyRows', line, tooMany('rows'));
        break;
      }
      const columns = group.columns.map(chunk => {
        const path = pathOf(root, chunk.path);
        return { path, ...readColumn(file, chunk, path, unpackers, budget) };
      });
      for (const fields of assembleRows(root, columns, group.rows)) {
        if (report.isFull()) return line;
        yield { line: line++, fields };
      }
    }
  } catch (error) {
    report.add('badParquet', line, `the Parquet file cannot be read: ${reasonOf(error)}.`);
  }
  return line;
}

function pathOf(root: ParquetMetadata['root'], names: readonly string[]): SchemaNode[] {
  const path: SchemaNode[] = [];
  let node = root;
  for (const name of names) {
    const child = node.children.find(c => c.name === name);
    if (!child) throw new Error(`column '${names.join('.').slice(0, 60)}' is not in its schema`);
    path.push(child);
    node = child;
  }
  if (path.length === 0 || node.children.length > 0) throw new Error('a column of its schema holds others');
  return path;
}

function reasonOf(error: unknown): string {
  if (error instanceof RangeError) return 'it is damaged, or was cut off';
  return error instanceof Error ? error.message : String(error);
}
