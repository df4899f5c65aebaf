import type { Example } from './example.ts';
import { isWholeJson, wholeJsonRows } from './jsonRows.ts';
import { parquetRows, type Unpackers } from './parquet/parquetRows.ts';
import { type DataReading, parseDataset, parseParquet } from './parseDataset.ts';
import { problemList } from './problemList.ts';
import { csvRows, normaliseText, type Row } from './rows.ts';

/** Two datasets as lines of JSON, of which no prompt is in both. */
export interface SplitDataset {
  rest: string;
  aside: string;
  /** Examples of each. */
  counts: { rest: number; aside: number };
}

export interface Splitting {
  /** Of the prompts that are set aside, above 0 and below 1. */
  share: number;
  reading?: DataReading;
}

/**
 * Sets a share of a dataset's examples aside: those of every so-manieth prompt, in the order of the file, at least of one.
 * Undefined where there are fewer than two prompts. What cannot be read is left out.
 */
export function splitDataset(text: string, fileName: string, { share, reading }: Splitting): SplitDataset | undefined {
  const { examples } = parseDataset(text, fileName, reading);
  return split(examples, writtenRows(normaliseText(text), fileName), share);
}

/** As `splitDataset`, of a file in Parquet: its rows become lines of JSON. */
export function splitParquet(
  file: Uint8Array,
  fileName: string,
  unpackers: Unpackers,
  { share, reading }: Splitting,
): SplitDataset | undefined {
  const { examples } = parseParquet([file], fileName, unpackers, reading);
  return split(examples, asJson(parquetRows([file], problemList(fileName), unpackers)), share);
}

interface WrittenRow {
  line: number;
  written: string;
}

function split(examples: readonly Example[], rows: Iterable<WrittenRow>, share: number): SplitDataset | undefined {
  const prompts = new Map<string, number>();
  const promptOf = new Map<number, number>();
  for (const { messages, line } of examples) {
    const key = JSON.stringify(messages.slice(0, -1).map(({ role, content }) => [role, content]));
    const prompt = prompts.get(key) ?? prompts.size;
    prompts.set(key, prompt);
    promptOf.set(line, prompt);
  }
  if (prompts.size < 2) return undefined;
  const every = Math.max(2, Math.round(1 / share));
  // From the middle of each group on, so that a short file has one, too.
  const first = Math.min(Math.floor(every / 2), prompts.size - 1);
  const [rest, aside]: [string[], string[]] = [[], []];
  for (const { line, written } of rows) {
    const prompt = promptOf.get(line);
    if (prompt === undefined) continue;
    (prompt % every === first ? aside : rest).push(`${written}\n`);
  }
  return { rest: rest.join(''), aside: aside.join(''), counts: { rest: rest.length, aside: aside.length } };
}

/** Rows as lines of JSON; those that are so already as they are. */
function* writtenRows(text: string, fileName: string): Generator<WrittenRow> {
  const isCsv = /\.[ct]sv$/i.test(fileName);
  if (!isCsv && !isWholeJson(text, fileName)) {
    for (const [i, written] of text.split('\n').entries()) yield { line: i + 1, written };
    return;
  }
  const report = problemList(fileName);
  yield* asJson(isCsv ? csvRows(text, report) : wholeJsonRows(text, report));
}

function* asJson(rows: Iterable<Row>): Generator<WrittenRow> {
  for (const { line, fields } of rows) yield { line, written: JSON.stringify(fields) };
}
