import type { Problem } from '../protocol/errors.ts';
import { type DataColumns, formOf, renamed } from './columns.ts';
import {
  type DatasetFormat,
  detectFormat,
  formatList,
  isComplete,
  isTextForm,
  metaOf,
  rowFill,
  rowMessages,
  rowTools,
  unusedOf,
} from './datasetFormats.ts';
import { decodeText, lineAt } from './decodeText.ts';
import type { Example } from './example.ts';
import { type RowReport, shownFields } from './fields.ts';
import { isWholeJson, wholeJsonRows } from './jsonRows.ts';
import { MAX_FILE_BYTES, tooLarge } from './limits.ts';
import { parquetRows, type Unpackers } from './parquet/parquetRows.ts';
import { type ProblemList, problemList } from './problemList.ts';
import { csvRows, jsonlRows, normaliseText, type Row } from './rows.ts';
import { unusedFields } from './unusedFields.ts';

export interface Dataset {
  examples: Example[];
  /** Names of the first row's fields. */
  fields: string[];
  format?: DatasetFormat;
  problems: Problem[];
}

/** How a dataset is read, where its file does not say it. */
export interface DataReading {
  /** Detected once for the file unless it is said. */
  format?: DatasetFormat;
  /** The columns that hold what a form needs, where they go by other names. */
  columns?: DataColumns;
  /** A system message for the examples that have none. */
  system?: string;
  /** What the file is called that was packed into this one: its ending says what kind of text it is. */
  plainName?: string;
}

/**
 * Reads a dataset file, its bytes or its text: CSV if its name ends in .csv or .tsv; else JSON, as a list or an object a
 * line. Bad lines are left out and named in `problems`, with file, line and field; the other lines are read all the same.
 * What of the examples is not used is named once for the file, as a warning.
 */
export function parseDataset(content: string | Uint8Array, fileName: string, reading: DataReading = {}): Dataset {
  const report = problemList(fileName);
  const text = textOf(content, report);
  if (text === undefined) return { examples: [], fields: [], problems: report.problems() };
  return readExamples(textRows(text, reading.plainName ?? fileName, report), report, reading);
}

/** Reads a dataset in Parquet, of one file or several; places are rows. As parseDataset. */
export function parseParquet(
  files: readonly Uint8Array[],
  fileName: string,
  unpackers: Unpackers,
  reading: DataReading = {},
): Dataset {
  const report = problemList(fileName);
  return readExamples(parquetRows(files, report, unpackers), report, reading);
}

/** The text of a file, with `\n` at the end of its lines; undefined with the reason reported. */
function textOf(content: string | Uint8Array, report: ProblemList): string | undefined {
  if (content.length > MAX_FILE_BYTES) {
    report.add('fileTooLarge', 1, tooLarge(content.length));
    return undefined;
  }
  if (typeof content === 'string') return normaliseText(content);
  const decoded = decodeText(content);
  if (decoded.text === undefined) {
    report.add('badEncoding', decoded.line, `${decoded.reason}.`);
    return undefined;
  }
  if (decoded.encoding !== 'utf-8')
    report.warn('convertedText', 1, `the file is not UTF-8; it is read as ${shownEncoding[decoded.encoding]}.`);
  return normaliseText(decoded.text);
}

const shownEncoding = { 'utf-16le': 'UTF-16 LE', 'utf-16be': 'UTF-16 BE', 'windows-1252': 'Windows-1252' };

function* textRows(text: string, fileName: string, report: ProblemList): Generator<Row> {
  if (text.trim() === '') return report.add('emptyFile', 1, 'the file is empty; it needs at least one example.');
  const lost = text.indexOf('\uFFFD');
  if (lost >= 0) {
    const message = 'U+FFFD stands here, which takes the place of a character that another program could not read.';
    report.warn('lostCharacter', lineAt(text, lost), message);
  }
  if (/\.[ct]sv$/i.test(fileName)) yield* csvRows(text, report);
  else if (isWholeJson(text, fileName)) yield* wholeJsonRows(text, report);
  else yield* jsonlRows(text, report);
}

/** Of fields that are named. */
const mostNames = 100;

function readExamples(rows: Iterable<Row>, report: ProblemList, { format, columns, system }: DataReading): Dataset {
  const examples: Example[] = [];
  const unused = unusedFields();
  const reportOf = (line: number): RowReport => ({
    problem: (code, message) => report.add(code, line, message),
    unused: name => unused.add(name, line),
  });
  function read({ line, fields }: Row, form: DatasetFormat): void {
    const messages = rowMessages(fields, form, reportOf(line));
    const tools = messages && rowTools(fields, form, reportOf(line));
    if (!messages || !tools) return;
    for (const name of unusedOf(fields, form)) unused.add(name, line);
    const isText = isTextForm(form);
    const fill = rowFill(fields, form);
    const hasSystem = system === undefined || isText || fill || messages.some(m => m.role === 'system');
    examples.push({
      messages: hasSystem ? messages : [{ role: 'system', content: system }, ...messages],
      ...(tools.length > 0 && { tools }),
      ...(isText && { isText }),
      ...(fill && { fill }),
      line,
      meta: metaOf(fields),
    });
  }

  let found = format ?? (columns && formOf(columns));
  // Rows before the first that has all fields of a form.
  const waiting: Row[] = [];
  let names: string[] | undefined;
  for (const row of rows) {
    names ??= Object.keys(row.fields).slice(0, mostNames);
    const fields = columns ? renamed(row.fields, columns, reportOf(row.line)) : row.fields;
    if (!fields) continue;
    if (!found && !isComplete(fields)) {
      waiting.push(row);
      continue;
    }
    const form = (found ??= detectFormat([fields])!);
    for (const early of waiting.splice(0)) read(early, form);
    read({ ...row, fields }, form);
  }
  found ??= detectFormat(waiting.map(row => row.fields));
  if (found) for (const row of waiting) read(row, found);
  else if (waiting.length > 0) reportUnknown(waiting[0]!, report);
  // A file of broken lines has said so already; one of a header alone has not.
  if (examples.length === 0 && report.problems().every(p => p.severity === 'warning'))
    report.add('emptyFile', 1, 'the file has a header but no examples.');
  unused.report(report);
  return { examples, fields: names ?? [], ...(found && { format: found }), problems: report.problems() };
}

function reportUnknown({ line, fields }: Row, report: ProblemList): void {
  report.add(
    'unknownFormat',
    line,
    `no known form of example; expected the fields ${formatList}, got ${shownFields(fields) || 'none'}.`,
  );
}
