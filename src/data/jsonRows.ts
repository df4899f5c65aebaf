import { MAX_ROWS } from './limits.ts';
import type { ProblemList } from './problemList.ts';
import { jsonObject, type Row, tooMany } from './rows.ts';

/**
 * Whether a text is JSON as a whole and not line by line: it begins with a list, or it is one object that holds a list
 * `data`, over several lines in a file that is called .json or in its only line.
 */
export function isWholeJson(text: string, fileName: string): boolean {
  const start = text.search(/\S/);
  if (text[start] === '[') return !/^\[[^\n]*\]\s*\n\s*\S/.test(text.slice(start));
  const end = text.indexOf('\n', start);
  const first = text.slice(start, end < 0 ? undefined : end);
  if (end >= 0 && text.slice(end).trim() !== '') return /\.json$/i.test(fileName) && !isJson(first);
  return /^\{\s*"data"\s*:\s*\[/.test(first);
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** A place in a text, with the line that it is in. */
interface Place {
  at: number;
  line: number;
  /** Where the line ends; the text's end in the last one. Looked for once a line, which may be the whole text. */
  lineEnd: number;
}

/** The objects of a list, or of the list `data` of an object; `line` is where each begins. */
export function* wholeJsonRows(text: string, report: ProblemList): Generator<Row> {
  const place: Place = { at: 0, line: 1, lineEnd: endOfLine(text, 0) };
  skip(text, place, /\s*/y);
  if (text[place.at] === '[') yield* listRows(text, place, report);
  else yield* objectRows(text, place, report);
  skip(text, place, /\s*/y);
  if (place.at < text.length && !report.isFull())
    report.add('badJson', place.line, 'text stands behind the end of the JSON; delete it.');
}

function* objectRows(text: string, place: Place, report: ProblemList): Generator<Row> {
  let found = false;
  place.at++;
  for (;;) {
    skip(text, place, /\s*/y);
    const name = /"((?:[^"\\\n]|\\.){0,200})"\s*:\s*/y;
    name.lastIndex = place.at;
    const [whole, key] = name.exec(text) ?? [];
    if (whole === undefined) break;
    const { line } = place;
    moveTo(text, place, place.at + whole.length);
    if (key === 'data' && text[place.at] === '[' && !found) {
      found = true;
      yield* listRows(text, place, report);
    } else {
      if (key === 'data') report.add('badJson', line, "'data' is not the one list of examples that it should be.");
      else report.warn('unusedField', line, `the field '${key!.slice(0, 60)}' beside 'data' is not used.`);
      moveTo(text, place, endOfValue(text, place.at));
    }
    skip(text, place, /\s*/y);
    if (text[place.at] !== ',') break;
    place.at++;
  }
  if (text[place.at] !== '}') {
    report.add('badJson', place.line, 'the JSON object is not whole here: a key, a comma or its end is missing.');
    place.at = text.length;
  } else place.at++;
  if (!found && report.problems().every(p => p.severity === 'warning'))
    report.add(
      'unknownFormat',
      1,
      "the JSON object has no list 'data'; write a list of objects, or one object a line.",
    );
}

function* listRows(text: string, place: Place, report: ProblemList): Generator<Row> {
  let count = 0;
  place.at++;
  skip(text, place, /\s*/y);
  if (text[place.at] === ']') {
    place.at++;
    return report.add('emptyFile', place.line, 'the list is empty; it needs at least one example.');
  }
  for (;;) {
    if (report.isFull()) return;
    if (++count > MAX_ROWS) {
      report.add('tooManyRows', place.line, tooMany('entries'));
      place.at = text.length;
      return;
    }
    const { at, line } = place;
    moveTo(text, place, endOfValue(text, at));
    const fields = jsonObject(text.slice(at, place.at), (code, message) => report.add(code, line, message), 'entry');
    if (fields) yield { line, fields };
    skip(text, place, /\s*/y);
    const sign = text[place.at++];
    if (sign === ']') return;
    if (sign !== ',') {
      report.add('badJson', place.line, 'the list is not whole here: a comma or its end is missing.');
      place.at = text.length;
      return;
    }
    skip(text, place, /\s*/y);
  }
}

function skip(text: string, place: Place, pattern: RegExp): void {
  pattern.lastIndex = place.at;
  moveTo(text, place, place.at + (pattern.exec(text)?.[0].length ?? 0));
}

function moveTo(text: string, place: Place, to: number): void {
  while (place.lineEnd < to) {
    place.line++;
    place.lineEnd = endOfLine(text, place.lineEnd + 1);
  }
  place.at = to;
}

function endOfLine(text: string, from: number): number {
  const end = text.indexOf('\n', from);
  return end < 0 ? text.length : end;
}

/** Where a value ends, by its brackets and quotes alone; what is between them is read later. */
function endOfValue(text: string, start: number): number {
  const signs = /["[\]{},]/g;
  signs.lastIndex = start;
  let depth = 0;
  for (let found = signs.exec(text); found; found = signs.exec(text)) {
    const sign = found[0];
    if (sign === '"') {
      signs.lastIndex = endOfString(text, found.index);
      if (depth === 0) return signs.lastIndex;
    } else if (sign === '[' || sign === '{') depth++;
    else if (depth === 0) return found.index;
    else if (sign !== ',' && --depth === 0) return found.index + 1;
  }
  return text.length;
}

function endOfString(text: string, start: number): number {
  for (let at = start + 1; ; at++) {
    at = text.indexOf('"', at);
    if (at < 0) return text.length;
    let slashes = 0;
    while (text[at - 1 - slashes] === '\\') slashes++;
    if (slashes % 2 === 0) return at + 1;
  }
}
