import { createScanner, type Node } from 'jsonc-parser';

/** The text with one more member of an object, last of all; everything else stays as it is written, comments too. */
export function addMember(text: string, object: Node, member: string): string {
  const close = object.offset + object.length - 1;
  const last = object.children?.at(-1);
  // Behind what is said of the last member in a comment.
  const place = text.slice(0, close).trimEnd().length;
  const lineStart = text.lastIndexOf('\n', (last ?? object).offset) + 1;
  const indent = /^[ \t]*/.exec(text.slice(lineStart))![0] + (last ? '' : '  ');
  const newline = text.includes('\r\n') ? '\r\n' : '\n';
  const end = last ? last.offset + last.length : place;
  const hasComma = last === undefined || commaFollows(text, end);
  const added = `${newline}${indent}${member}${last && hasComma ? ',' : ''}`;
  const rest = text.slice(place);
  const tail = last || rest.startsWith('\n') || rest.startsWith('\r') ? '' : newline + indent.slice(2);
  return `${text.slice(0, end)}${hasComma ? '' : ','}${text.slice(end, place)}${added}${tail}${rest}`;
}

function commaFollows(text: string, offset: number): boolean {
  const scanner = createScanner(text, true);
  scanner.setPosition(offset);
  scanner.scan();
  return text[scanner.getTokenOffset()] === ',';
}
