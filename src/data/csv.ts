import { MAX_COLUMNS, MAX_LINE_LENGTH, tooLong } from './limits.ts';

/** A record, or what is wrong with one, with the line it begins on, from 1. */
export type CsvRecord =
  | { line: number; cells: string[] }
  | { line: number; cells?: undefined; code: string; message: string };

const quote = 34;
const newline = 10;

/** The separator that the header line has most of. */
export function delimiterOf(header: string): string {
  const unquoted = header.replace(/"[^"]*"/g, '');
  const count = (mark: string) => unquoted.split(mark).length;
  return [',', ';', '\t'].reduce((best, mark) => (count(mark) > count(best) ? mark : best), ',');
}

/**
 * The records of a text whose lines end in `\n` (RFC 4180), empty lines left out. After a record that cannot be read it
 * goes on with the next line, so that the time is that of one walk through the text whatever is in it.
 */
export function* csvRecords(text: string, delimiter: string): Generator<CsvRecord> {
  const mark = delimiter.charCodeAt(0);
  let at = 0;
  let line = 1;
  const endOfLine = (from: number) => (text.indexOf('\n', from) + 1 || text.length + 1) - 1;

  while (at < text.length) {
    const [start, firstLine] = [at, line];
    const cells: string[] = [];
    let flaw: { code: string; message: string; line?: number } | undefined;
    for (let isLast = false; !isLast && !flaw; ) {
      let end = at;
      if (text.charCodeAt(at) === quote) {
        end = endOfQuotes(text, at);
        const next = text.charCodeAt(end);
        if (end < 0)
          flaw = { code: 'badCsv', message: 'the quoted field that begins here has no end; close the quote.', line };
        else if (end < text.length && next !== mark && next !== newline)
          flaw = {
            code: 'badCsv',
            message: 'text stands behind the quote that ends a field; double quotes inside of it.',
          };
        else cells.push(text.slice(at + 1, end - 1).replaceAll('""', '"'));
        if (end < 0) end = text.length;
        for (let n = text.indexOf('\n', at); n >= 0 && n < end; n = text.indexOf('\n', n + 1)) line++;
      } else {
        let sign = text.charCodeAt(end);
        while (end < text.length && sign !== mark && sign !== newline && sign !== quote) sign = text.charCodeAt(++end);
        if (sign === quote) {
          const message = `a quote stands inside of field ${cells.length + 1}; put the field in quotes and double those in it.`;
          flaw = { code: 'badCsv', message };
        } else cells.push(text.slice(at, end));
      }
      if (!flaw && cells.length > MAX_COLUMNS)
        flaw = {
          code: 'tooManyColumns',
          message: `the record has more than ${MAX_COLUMNS} fields, which are not read.`,
        };
      isLast = text.charCodeAt(end) !== mark;
      at = flaw ? endOfLine(end) : isLast ? end : end + 1;
    }
    const length = at - start;
    at++;
    line++;
    if (flaw) yield { line: firstLine, ...flaw };
    else if (length > MAX_LINE_LENGTH)
      yield { line: firstLine, code: 'lineTooLong', message: `the record ${tooLong(length)}` };
    else if (length > 0) yield { line: firstLine, cells };
  }
}

/** Where a quoted field ends, behind its last quote; -1 where it does not. */
function endOfQuotes(text: string, start: number): number {
  for (let at = start + 1; ; at += 2) {
    at = text.indexOf('"', at);
    if (at < 0) return -1;
    if (text[at + 1] !== '"') return at + 1;
  }
}
