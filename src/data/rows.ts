import { csvRecords, delimiterOf } from './csv.ts';
import { MAX_LINE_LENGTH, MAX_ROWS, tooLong } from './limits.ts';
import type { ProblemList } from './problemList.ts';

/** One record of a file before its fields are understood. */
export interface Row {
  line: number;
  fields: Record<string, unknown>;
}

/** The text with `\n` at the end of every line, and without a byte order mark. */
export function normaliseText(text: string): string {
  const marked = text.startsWith('\uFEFF') ? text.slice(1) : text;
  return marked.includes('\r') ? marked.replace(/\r\n?/g, '\n') : marked;
}

/** What a value is, for messages. */
export function shownType(value: unknown): string {
  if (value === null || value === undefined) return `${value}`;
  return Array.isArray(value) ? 'an array' : typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

export const tooMany = (what: string) =>
  `the file has more than ${MAX_ROWS} ${what}, which are not read; split it, or take a sample of it.`;

/** One JSON object a line. Empty lines at the end of the file are allowed, between objects they are not. */
export function* jsonlRows(text: string, report: ProblemList): Generator<Row> {
  const end = text.trimEnd().length;
  for (let [line, at] = [1, 0]; at < end && !report.isFull(); line++) {
    if (line > MAX_ROWS) return report.add('tooManyRows', line, tooMany('lines'));
    const next = text.indexOf('\n', at);
    const content = text.slice(at, next < 0 ? end : next);
    at = next < 0 ? end : next + 1;
    const fields = jsonObject(content, (code, message) => report.add(code, line, message));
    if (fields) yield { line, fields };
  }
}

/** The object that a line, or an entry of a list, is; undefined with the reason reported. */
export function jsonObject(
  content: string,
  report: (code: string, message: string) => void,
  what: 'line' | 'entry' = 'line',
): Row['fields'] | undefined {
  const size = content.length;
  if (size > MAX_LINE_LENGTH) report('lineTooLong', `the ${what} ${tooLong(size)}`);
  else if (content.trim() === '') report('emptyLine', `the ${what} is empty; delete it.`);
  else
    try {
      const value: unknown = JSON.parse(content);
      if (typeof value !== 'object' || value === null || Array.isArray(value))
        report(
          'wrongType',
          `expected a JSON object, got ${shownType(value)}${what === 'line' ? '; write one object a line' : ''}.`,
        );
      else if (keysOf(value) < colonsOf(content))
        report(
          'duplicateField',
          'a field is written twice in one object, of which the last alone would count; delete one.',
        );
      else return value as Row['fields'];
    } catch (error) {
      report('badJson', `the ${what} is not valid JSON (${(error as Error).message}).`);
    }
  return undefined;
}

/** How many fields a JSON value has, at all depths. */
function keysOf(value: object): number {
  let count = 0;
  const left: unknown[] = [value];
  while (left.length > 0) {
    const next = left.pop();
    if (typeof next !== 'object' || next === null) continue;
    const values: unknown[] = Object.values(next);
    if (!Array.isArray(next)) count += values.length;
    for (const inner of values) if (typeof inner === 'object') left.push(inner);
  }
  return count;
}

/** How many fields a JSON text writes. */
function colonsOf(json: string): number {
  return (
    json
      .replace(/\\./g, '')
      .replace(/"[^"]*"/g, '')
      .split(':').length - 1
  );
}

/** A header line and one record a row (RFC 4180), separated by commas, semicolons or tabs. */
export function* csvRows(text: string, report: ProblemList): Generator<Row> {
  const delimiter = delimiterOf(text.slice(0, Math.max(0, text.indexOf('\n')) || undefined));
  let names: string[] | undefined;
  let count = 0;
  for (const record of csvRecords(text, delimiter)) {
    if (report.isFull()) return;
    const { line, cells } = record;
    if (!cells) {
      report.add(record.code, line, record.message);
      // Without a header no record can be understood.
      if (!names) return;
    } else if (!names) {
      names = cells.map(name => name.trim());
      const twice = names.length - new Set(names).size && names.find((name, i) => names!.indexOf(name) !== i);
      if (typeof twice === 'string')
        report.add('badCsv', line, `the header names column '${twice.slice(0, 40)}' twice; rename one of them.`);
    } else if (++count > MAX_ROWS) return report.add('tooManyRows', line, tooMany('records'));
    else if (cells.length === names.length)
      yield { line, fields: Object.fromEntries(names.map((n, i) => [n, cells[i]])) };
    else {
      const message = `the record has ${cells.length} fields, the header has ${names.length}; put quotes around text with a separator.`;
      report.add('badCsv', line, message);
    }
  }
}
