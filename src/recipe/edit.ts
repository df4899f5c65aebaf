import { findNodeAtLocation, type JSONPath, type Node, parseTree } from 'jsonc-parser';
import { dataText, type ExpertData, setText } from './expertData.ts';
import { nextValue } from './tokens.ts';

/** Edits of a recipe's text. Everything that they do not name stays as it is written, comments too. */

/** A valid recipe's text with another base. */
export function setBase(text: string, base: string): string {
  return writeAt(text, ['base'], JSON.stringify(base), addMember);
}

/** A valid recipe's text with one more expert, last of all, and with its held-out set where it has one. */
export function addExpert(text: string, name: string, data: ExpertData): string {
  const added = writeAt(text, ['experts', name], `{ "data": ${dataText(data)} }`, addMember);
  return data.heldOut === undefined ? added : addSet(added, name, name, data);
}

/** A valid recipe's text with one more held-out set, of an expert's domain. */
export function addSet(text: string, name: string, expert: string, data: ExpertData): string {
  return writeAt(text, ['evaluation', 'sets', name], setText(expert, data), addMember);
}

/** A valid recipe's text with a blend of this name, new or in the place of the one there is. */
export function saveBlend(text: string, name: string, weights: Record<string, number>): string {
  const members = Object.entries(weights).map(([expert, weight]) => `${JSON.stringify(expert)}: ${weight}`);
  return writeAt(text, ['blends', name], members.length > 0 ? `{ ${members.join(', ')} }` : '{}', addMember);
}

/**
 * A recipe's text with a setting written into it: in the place of the one that is there, or as a new member of the
 * objects that it belongs to, which are made where they are missing. An object in one line stays in one line.
 */
export function writeSetting(text: string, path: JSONPath, value: unknown): string {
  return writeAt(text, path, JSON.stringify(value), (_, parent, member) => {
    const last = parent.children?.at(-1);
    const isOneLine = !/[\r\n]/.test(text.slice(parent.offset, parent.offset + parent.length));
    if (!last || !isOneLine) return addMember(text, parent, member);
    const end = last.offset + last.length;
    return replaced(text, end, end, `, ${member}`);
  });
}

/** Writes JSON at a path of a recipe; `add` puts it into the innermost object that is there. */
function writeAt(text: string, path: JSONPath, json: string, add: typeof addMember): string {
  const root = rootOf(text);
  const there = findNodeAtLocation(root, path);
  if (there) return replaced(text, there.offset, there.offset + there.length, json);
  let depth = path.length - 1;
  while (findNodeAtLocation(root, path.slice(0, depth))?.type !== 'object') {
    const other = findNodeAtLocation(root, path.slice(0, depth));
    // A value that is no object stands where one is needed: it cannot hold the member.
    if (other) return replaced(text, other.offset, other.offset + other.length, nested(path.slice(depth), json));
    depth--;
  }
  const parent = findNodeAtLocation(root, path.slice(0, depth))!;
  return add(text, parent, `${JSON.stringify(path[depth])}: ${nested(path.slice(depth + 1), json)}`);
}

/** The text with one more member of an object, last of all, on a line of its own. */
function addMember(text: string, object: Node, member: string): string {
  const close = object.offset + object.length - 1;
  const last = object.children?.at(-1);
  // Behind what is said of the last member in a comment.
  const place = text.slice(0, close).trimEnd().length;
  const lineStart = text.lastIndexOf('\n', (last ?? object).offset) + 1;
  const indent = /^[ \t]*/.exec(text.slice(lineStart))![0] + (last ? '' : '  ');
  const newline = text.includes('\r\n') ? '\r\n' : '\n';
  const end = last ? last.offset + last.length : place;
  const comma = nextValue(text, end);
  const hasComma = last === undefined || (comma !== undefined && text[comma.start] === ',');
  const added = `${newline}${indent}${member}${last && hasComma ? ',' : ''}`;
  const rest = text.slice(place);
  const tail = last || rest.startsWith('\n') || rest.startsWith('\r') ? '' : newline + indent.slice(2);
  return `${text.slice(0, end)}${hasComma ? '' : ','}${text.slice(end, place)}${added}${tail}${rest}`;
}

/** A recipe's text without a setting; comments stay, those about it too. */
export function removeSetting(text: string, path: JSONPath): string {
  const property = findNodeAtLocation(rootOf(text), path)?.parent;
  if (property?.type !== 'property') return text;
  const siblings = property.parent!.children!;
  const { offset: start } = property;
  const valueEnd = start + property.length;
  const comma = nextValue(text, valueEnd);
  const hasComma = comma !== undefined && text[comma.start] === ',';
  const before = siblings[siblings.indexOf(property) - 1];
  // Between the setting and its comma there may be a comment.
  let rest = hasComma ? replaced(text, comma.start, comma.end, '') : text;
  rest = withoutLine(rest, start, valueEnd);
  if (hasComma || !before) return rest;
  const loose = nextValue(rest, before.offset + before.length);
  return loose && rest[loose.start] === ',' ? replaced(rest, loose.start, loose.end, '') : rest;
}

/** Cuts a part out, with its whole line where nothing else is on it, else with the white space before it. */
function withoutLine(text: string, start: number, end: number): string {
  const lineStart = Math.max(text.lastIndexOf('\n', start - 1), text.lastIndexOf('\r', start - 1)) + 1;
  const [blank = '', newline] = /^[ \t]*(\r\n|\r|\n)?/.exec(text.slice(end)) ?? [];
  const isAlone = lineStart > 0 && text.slice(lineStart, start).trim() === '' && newline !== undefined;
  if (isAlone) return replaced(text, lineStart, end + blank.length, '');
  const gap = /[ \t]*$/.exec(text.slice(0, start))![0].length;
  return replaced(text, start - gap, end, '');
}

function replaced(text: string, start: number, end: number, by: string): string {
  return text.slice(0, start) + by + text.slice(end);
}

function nested(path: JSONPath, json: string): string {
  return path.reduceRight<string>((inner, key) => `{ ${JSON.stringify(key)}: ${inner} }`, json);
}

function rootOf(text: string): Node {
  return parseTree(text, [], { allowTrailingComma: true })!;
}

/** The part of a text that another text changes. */
export interface ChangedPart {
  start: number;
  end: number;
  /** What takes its place. */
  text: string;
}

/** The smallest part whose replacement makes one text the other, so that marks, folds and cursors outside it stay. */
export function changedPart(text: string, changed: string): ChangedPart {
  const shorter = Math.min(text.length, changed.length);
  let start = 0;
  while (start < shorter && text[start] === changed[start]) start++;
  let same = 0;
  while (same < shorter - start && text.at(-1 - same) === changed.at(-1 - same)) same++;
  return { start, end: text.length - same, text: changed.slice(start, changed.length - same) };
}
