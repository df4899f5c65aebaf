import { findNodeAtLocation, type JSONPath, type Node, parseTree } from 'jsonc-parser';
import { addMember } from '../addMember.ts';
import { nextValue } from '../notebook/tokens.ts';

/**
 * A recipe's text with a setting written into it: in the place of the one that is there, or as a new member of the
 * objects that it belongs to, which are made where they are missing. Everything else stays as it is, comments too.
 */
export function writeSetting(text: string, path: JSONPath, value: unknown): string {
  const root = rootOf(text);
  const there = findNodeAtLocation(root, path);
  if (there) return replaced(text, there.offset, there.offset + there.length, JSON.stringify(value));
  let depth = path.length - 1;
  while (!isObject(findNodeAtLocation(root, path.slice(0, depth)))) {
    const other = findNodeAtLocation(root, path.slice(0, depth));
    // Something that is no object stands where one is needed: it cannot hold the setting.
    if (other) return replaced(text, other.offset, other.offset + other.length, nested(path.slice(depth), value));
    depth--;
  }
  const parent = findNodeAtLocation(root, path.slice(0, depth))!;
  const member = `${JSON.stringify(path[depth])}: ${nested(path.slice(depth + 1), value)}`;
  const last = parent.children?.at(-1);
  const isOneLine = !/[\r\n]/.test(text.slice(parent.offset, parent.offset + parent.length));
  if (!last || !isOneLine) return addMember(text, parent, member);
  const end = last.offset + last.length;
  return replaced(text, end, end, `, ${member}`);
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

function nested(path: JSONPath, value: unknown): string {
  return path.reduceRight<string>((inner, key) => `{ ${JSON.stringify(key)}: ${inner} }`, JSON.stringify(value));
}

function isObject(node: Node | undefined): boolean {
  return node?.type === 'object';
}

function rootOf(text: string): Node {
  return parseTree(text, [], { allowTrailingComma: true })!;
}
