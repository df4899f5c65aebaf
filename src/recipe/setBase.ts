import { findNodeAtLocation, parseTree } from 'jsonc-parser';
import { addMember } from './addMember.ts';

/** A valid recipe's text with another base; everything else stays as it is written, comments too. */
export function setBase(text: string, base: string): string {
  const root = parseTree(text, [], { allowTrailingComma: true })!;
  const value = JSON.stringify(base);
  const there = findNodeAtLocation(root, ['base']);
  if (there) return text.slice(0, there.offset) + value + text.slice(there.offset + there.length);
  return addMember(text, root, `"base": ${value}`);
}
