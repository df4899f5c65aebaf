import type { Problem } from '../protocol/errors.ts';
import { type DatasetFormat, detectFormat, formatList, otherFields, rowMessages } from './datasetFormats.ts';
import type { Example } from './example.ts';
import { csvRows, jsonlRows, normaliseText, problemList } from './rows.ts';

/**
 * Reads the text of a dataset file: CSV if its name ends in .csv or .tsv, JSONL otherwise. The form of the examples is
 * detected once for the file unless `format` says it. Bad lines are left out and named in `problems`, with file, line
 * and field; the other lines are read all the same.
 */
export function parseDataset(
  text: string,
  fileName: string,
  format?: DatasetFormat,
): { examples: Example[]; format?: DatasetFormat; problems: Problem[] } {
  const report = problemList(fileName);
  const clean = normaliseText(text);
  if (clean.trim() === '') {
    report.add('emptyFile', 1, 'the file is empty; it needs at least one example.');
    return { examples: [], problems: report.problems() };
  }
  const isCsv = /\.[ct]sv$/i.test(fileName);
  const rows = isCsv ? csvRows(clean, report) : jsonlRows(clean, report);
  const found = format ?? detectFormat(rows.map(row => row.fields));
  if (rows.length === 0) {
    // A file of broken lines has said so already; a CSV file of a header alone has not.
    if (report.problems().length === 0) report.add('emptyFile', 1, 'the file has a header but no examples.');
    return { examples: [], problems: report.problems() };
  }
  if (!found) {
    const { line, fields } = rows[0]!;
    const present = Object.keys(fields)
      .slice(0, 8)
      .map(name => `'${name.slice(0, 40)}'`)
      .join(', ');
    report.add(
      'unknownFormat',
      line,
      `no known form of example; expected the fields ${formatList}, got ${present || 'none'}.`,
    );
    return { examples: [], problems: report.problems() };
  }
  const examples: Example[] = [];
  for (const { line, fields } of rows) {
    const messages = rowMessages(fields, found, (code, message) => report.add(code, line, message));
    if (messages) examples.push({ messages, line, meta: otherFields(fields, found) });
  }
  return { examples, format: found, problems: report.problems() };
}
