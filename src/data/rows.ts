import { parse } from 'csv-parse/sync';
import type { Problem } from '../protocol/errors.ts';

/** One record of a file before its fields are understood. */
export interface Row {
  line: number;
  fields: Record<string, unknown>;
}

/** No context of a supported model holds a megabyte of text: a longer line is a file of another kind, or a broken one. */
export const MAX_LINE_LENGTH = 1_000_000;

/** The text without a byte order mark, and with `\n` at the end of every line. */
export function normaliseText(text: string): string {
  return text.replace(/^\uFEFF/, '').replace(/\r\n?/g, '\n');
}

const tooLong = (length: number) =>
  `has ${length} characters, more than the ${MAX_LINE_LENGTH} that are read; no model's context holds so much. Split it.`;

function shownType(value: unknown): string {
  return value === null ? 'null' : Array.isArray(value) ? 'an array' : `a ${typeof value}`;
}

/** One JSON object a line. Empty lines at the end of the file are allowed, between objects they are not. */
export function jsonlRows(text: string, report: ProblemList): Row[] {
  const rows: Row[] = [];
  for (const [i, content] of text.trimEnd().split('\n').entries()) {
    const fields = jsonObject(content, (code, message) => report.add(code, i + 1, message));
    if (fields) rows.push({ line: i + 1, fields });
  }
  return rows;
}

function jsonObject(content: string, report: (code: string, message: string) => void): Row['fields'] | undefined {
  const size = content.length;
  if (size > MAX_LINE_LENGTH) report('lineTooLong', `the line ${tooLong(size)}`);
  else if (content.trim() === '') report('emptyLine', 'the line is empty; delete it.');
  else
    try {
      const value: unknown = JSON.parse(content);
      if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Row['fields'];
      report('wrongType', `expected a JSON object, got ${shownType(value)}; write one object a line.`);
    } catch (error) {
      const hint =
        content.trim() === '[' ? ' The file looks like one JSON array; write one object a line instead.' : '';
      report('badJson', `the line is not valid JSON (${(error as Error).message}).${hint}`);
    }
  return undefined;
}

/** The separator that the header line has most of. */
function delimiterOf(header: string): string {
  const unquoted = header.replace(/"[^"]*"/g, '');
  const count = (mark: string) => unquoted.split(mark).length;
  return [',', ';', '\t'].reduce((best, mark) => (count(mark) > count(best) ? mark : best), ',');
}

interface CsvRecord {
  record: string[];
  raw: string;
  info: { lines: number };
}

const shownCsvError = (message: string) => message.replace(/ (on|at) line \d+/, '').replace(/\n[\s\S]*/, '');

/** A header line and one record a row (RFC 4180), separated by commas, semicolons or tabs. */
export function csvRows(text: string, report: ProblemList): Row[] {
  const records: CsvRecord[] = [];
  const options = {
    delimiter: delimiterOf(text.slice(0, Math.max(0, text.indexOf('\n')) || undefined)),
    info: true,
    raw: true,
    relax_column_count: true,
    skip_empty_lines: true,
    skip_records_with_error: true,
    on_skip: (error: { lines?: number; message: string } | undefined) => {
      report.add('badCsv', error?.lines ?? 1, `${shownCsvError(error?.message ?? 'the record cannot be read')}.`);
      return undefined;
    },
    on_record: (entry: unknown) => {
      records.push(entry as CsvRecord);
      return null;
    },
  };
  parse(text, options);
  const [header, ...rest] = records;
  if (!header) return [];
  const names = header.record.map(name => name.trim());
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) report.add('badCsv', 1, `the header names column '${twice}' twice; rename one of them.`);
  return rest.flatMap(({ record, raw, info }) => {
    // A quoted field may hold line breaks: the record starts so many lines before its end.
    const line = info.lines - raw.trim().split('\n').length + 1;
    if (raw.length > MAX_LINE_LENGTH) {
      report.add('lineTooLong', line, `the record ${tooLong(raw.length)}`);
      return [];
    }
    if (record.length !== names.length) {
      const message = `the record has ${record.length} fields, the header has ${names.length}; put quotes around text with a separator.`;
      report.add('badCsv', line, message);
      return [];
    }
    return [{ line, fields: Object.fromEntries(names.map((name, i) => [name, record[i]!])) }];
  });
}

/** More problems than these usually have one cause, and a list of thousands helps nobody. */
export const MAX_PROBLEMS = 50;

export interface ProblemList {
  add(code: string, line: number, message: string): void;
  /** The first 50 problems and, if there were more, one that says how many. */
  problems(): Problem[];
}

/** Collects what is wrong with the lines of one file. */
export function problemList(fileName: string): ProblemList {
  const found: Problem[] = [];
  let left = 0;
  return {
    add(code, line, message) {
      const where = `${fileName}:${line}`;
      if (found.length < MAX_PROBLEMS) found.push({ code, severity: 'error', where, message: `${where}: ${message}` });
      else left++;
    },
    problems() {
      if (left === 0) return found;
      const message = `${fileName}: ${left} more ${left === 1 ? 'problem is' : 'problems are'} not listed; fix those above first.`;
      return [...found, { code: 'tooManyProblems', severity: 'error', where: fileName, message }];
    },
  };
}
