import { shownType } from './rows.ts';

/** One row of a file, by field. */
export type Fields = Record<string, unknown>;

/** What is told of a row. */
export interface RowReport {
  problem(code: string, message: string): void;
  /** A field of one of its messages that is not used. */
  unused(name: string): void;
}

/** The names of the first fields that a row has, for messages. */
export function shownFields(row: Fields): string {
  return Object.keys(row)
    .slice(0, 8)
    .map(name => `'${name.slice(0, 40)}'`)
    .join(', ');
}

/** The text of a field that a form needs; undefined with the reason reported. */
export function textField(row: Fields, field: string, format: string, report: RowReport): string | undefined {
  if (!Object.hasOwn(row, field)) {
    report.problem(
      'missingField',
      `field '${field}' is missing; a ${format} example needs it. The line has ${shownFields(row) || 'no fields'}.`,
    );
    return undefined;
  }
  return text(row[field], `field '${field}'`, report);
}

/** A value as a text that holds something; undefined with the reason reported. `what` names it, for messages. */
export function text(value: unknown, what: string, report: RowReport): string | undefined {
  if (typeof value !== 'string') {
    const isPlain = typeof value === 'number' || typeof value === 'boolean';
    report.problem(
      'wrongType',
      `${what} must be a string, got ${shownType(value)}${isPlain ? '; write it in quotes' : ''}.`,
    );
    return undefined;
  }
  if (value.trim() === '') {
    report.problem('emptyField', `${what} is empty; write its text or delete the line.`);
    return undefined;
  }
  return whole(value, what, report);
}

/** As textField, of a text that may be empty. */
export function textOrEmpty(row: Fields, field: string, format: string, report: RowReport): string | undefined {
  const value = row[field];
  if (typeof value !== 'string' || value.trim() !== '') return textField(row, field, format, report);
  return value;
}

function whole(value: string, what: string, report: RowReport): string | undefined {
  if (/\p{Surrogate}/u.test(value)) {
    report.problem('brokenText', `${what} has half a character (an escape \\ud800 to \\udfff alone); write it whole.`);
    return undefined;
  }
  return value;
}

/** The value of a field that a column of CSV holds as JSON; any other as it is. */
export function columnValue(value: unknown): unknown {
  if (typeof value !== 'string' || !/^\s*[[{]/.test(value)) return value;
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}

/** Whether nothing is lost where a value is left out. */
export function isBlank(value: unknown): boolean {
  if (typeof value === 'string') return value.trim() === '';
  return value === undefined || value === null || (typeof value === 'object' && Object.keys(value).length === 0);
}

/** A text that may be missing: empty where it is; undefined with the reason reported where it is none. */
export function optionalText(row: Fields, field: string, report: RowReport): string | undefined {
  return isBlank(row[field]) ? '' : text(row[field], `field '${field}'`, report);
}
