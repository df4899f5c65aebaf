import { findNodeAtLocation, parseTree } from 'jsonc-parser';
import { addMember } from './addMember.ts';

/** A valid recipe's text with one more expert, last of all; everything else stays as it is written, comments too. */
export function addExpert(text: string, name: string, train: string): string {
  const root = parseTree(text, [], { allowTrailingComma: true })!;
  const expert = `${JSON.stringify(name)}: { "data": { "train": ${JSON.stringify(train)} } }`;
  const experts = findNodeAtLocation(root, ['experts']);
  return experts ? addMember(text, experts, expert) : addMember(text, root, `"experts": { ${expert} }`);
}
