import type { CallSyntax } from '../tokenizer/callSyntax.ts';
import { isFields, objectAt, parsed } from '../tokenizer/jsonObject.ts';
import { isBlank, markAt } from './looseMark.ts';

/** A call that was read. */
export interface ReadCall {
  name: string;
  /** JSON, as it was written. */
  arguments: string;
  /** Past its last character. */
  end: number;
}

/**
 * Reads the name and the arguments of one call from `start`. `partial` where the text ends before them, `broken` as soon
 * as it is none.
 */
export function readCallBody(text: string, start: number, body: CallSyntax['body']): ReadCall | 'partial' | 'broken' {
  let at = start;
  while (at < text.length && isBlank(text[at]!)) at++;
  if (body.kind === 'object') return readObject(text, at, body);
  const name = /^[\w.:/-]{0,128}/.exec(text.slice(at))![0];
  if (at + name.length === text.length) return 'partial';
  if (name === '') return 'broken';
  const between = body.between.trim() === '' ? at + name.length : markAt(text, at + name.length, body.between);
  if (typeof between !== 'number') return between ?? 'broken';
  at = between;
  while (at < text.length && isBlank(text[at]!)) at++;
  const place = objectAt(text, at);
  return typeof place === 'string' ? place : { name, arguments: text.slice(at, place.end), end: place.end };
}

/** Keys under which models write arguments that templates write under another. */
const argumentKeys = ['arguments', 'parameters'];

function readObject(
  text: string,
  at: number,
  body: Extract<CallSyntax['body'], { kind: 'object' }>,
): ReadCall | 'partial' | 'broken' {
  const place = objectAt(text, at);
  if (typeof place === 'string') return place;
  const nameValue = valueAt(text, at, body.name);
  const name = nameValue === undefined ? undefined : parsed(nameValue);
  if (typeof name !== 'string' || name === '') return 'broken';
  const paths = [body.arguments, ...argumentKeys.map(key => [...body.arguments.slice(0, -1), key])];
  const written = paths.map(path => valueAt(text, at, path)).find(value => value !== undefined);
  if (written === undefined) return 'broken';
  const value = parsed(written);
  // JSON in a string: where the template writes it so, and where a model does on its own account.
  const json = typeof value === 'string' ? value : written;
  return isFields(parsed(json)) ? { name, arguments: json, end: place.end } : 'broken';
}

/** The text of a value in the object that begins at `at`. */
function valueAt(text: string, at: number, path: readonly string[]): string | undefined {
  let start = at;
  let end = at;
  for (const key of path) {
    const place = objectAt(text, start);
    const member = typeof place === 'string' ? undefined : place.members.find(each => each.key === key);
    if (!member) return undefined;
    ({ start, end } = member);
  }
  return text.slice(start, end).trim();
}
