import type { Problem } from '../protocol/errors.ts';
import {
  type DatasetFormat,
  detectFormat,
  formatList,
  isComplete,
  metaOf,
  rowMessages,
  unusedOf,
} from './datasetFormats.ts';
import { decodeText, lineAt } from './decodeText.ts';
import type { Example } from './example.ts';
import { MAX_FILE_BYTES, tooLarge } from './limits.ts';
import { type ProblemList, problemList } from './problemList.ts';
import { csvRows, jsonlRows, normaliseText, type Row } from './rows.ts';
import { unusedFields } from './unusedFields.ts';

export interface Dataset {
  examples: Example[];
  format?: DatasetFormat;
  problems: Problem[];
}

/**
 * Reads a dataset file, its bytes or its text: CSV if its name ends in .csv or .tsv, JSONL otherwise. The form of the
 * examples is detected once for the file unless `format` says it. Bad lines are left out and named in `problems`, with
 * file, line and field; the other lines are read all the same. What of the examples is not used is named once for the
 * file, as a warning.
 */
export function parseDataset(content: string | Uint8Array, fileName: string, format?: DatasetFormat): Dataset {
  const report = problemList(fileName);
  const text = textOf(content, report);
  const read = text === undefined ? { examples: [] } : readExamples(text, /\.[ct]sv$/i.test(fileName), report, format);
  return { ...read, problems: report.problems() };
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

function readExamples(
  text: string,
  isCsv: boolean,
  report: ProblemList,
  format: DatasetFormat | undefined,
): Omit<Dataset, 'problems'> {
  if (text.trim() === '') {
    report.add('emptyFile', 1, 'the file is empty; it needs at least one example.');
    return { examples: [] };
  }
  const lost = text.indexOf('\uFFFD');
  if (lost >= 0) {
    const message = 'U+FFFD stands here, which takes the place of a character that another program could not read.';
    report.warn('lostCharacter', lineAt(text, lost), message);
  }
  const examples: Example[] = [];
  const unused = unusedFields();
  function read({ line, fields }: Row, form: DatasetFormat): void {
    const messages = rowMessages(fields, form, {
      problem: (code, message) => report.add(code, line, message),
      unused: name => unused.add(name, line),
    });
    if (!messages) return;
    for (const name of unusedOf(fields, form)) unused.add(name, line);
    examples.push({ messages, line, meta: metaOf(fields) });
  }

  let found = format;
  // Rows before the first that has all fields of a form.
  const waiting: Row[] = [];
  for (const row of isCsv ? csvRows(text, report) : jsonlRows(text, report)) {
    if (!found && !isComplete(row.fields)) {
      waiting.push(row);
      continue;
    }
    const form = (found ??= detectFormat([row.fields])!);
    for (const early of waiting.splice(0)) read(early, form);
    read(row, form);
  }
  found ??= detectFormat(waiting.map(row => row.fields));
  if (found) for (const row of waiting) read(row, found);
  else if (waiting.length > 0) reportUnknown(waiting[0]!, report);
  // A file of broken lines has said so already; a CSV file of a header alone has not.
  else if (report.problems().every(p => p.severity === 'warning'))
    report.add('emptyFile', 1, 'the file has a header but no examples.');
  unused.report(report);
  return found ? { examples, format: found } : { examples };
}

function reportUnknown({ line, fields }: Row, report: ProblemList): void {
  const present = Object.keys(fields)
    .slice(0, 8)
    .map(name => `'${name.slice(0, 40)}'`)
    .join(', ');
  report.add(
    'unknownFormat',
    line,
    `no known form of example; expected the fields ${formatList}, got ${present || 'none'}.`,
  );
}
