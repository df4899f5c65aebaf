import { findNodeAtLocation, parseTree } from 'jsonc-parser';
import { addMember } from './addMember.ts';

/** A valid recipe's text with a blend of this name, new or in the place of the one there is; everything else stays as it is. */
export function saveBlend(text: string, name: string, weights: Record<string, number>): string {
  const root = parseTree(text, [], { allowTrailingComma: true })!;
  const members = Object.entries(weights).map(([expert, weight]) => `${JSON.stringify(expert)}: ${weight}`);
  const blend = members.length > 0 ? `{ ${members.join(', ')} }` : '{}';
  const there = findNodeAtLocation(root, ['blends', name]);
  if (there) return text.slice(0, there.offset) + blend + text.slice(there.offset + there.length);
  const blends = findNodeAtLocation(root, ['blends']);
  const member = `${JSON.stringify(name)}: ${blend}`;
  return blends ? addMember(text, blends, member) : addMember(text, root, `"blends": { ${member} }`);
}
