import type { DescribeResult } from '../../protocol/engine/experts.ts';
import type { Target } from '../../protocol/target.ts';
import { auto, base } from '../../text/target.ts';

/** Whether a recipe has it, trained. */
export function isOffered(target: Target, { experts, blends, merges }: DescribeResult): boolean {
  switch (target.kind) {
    case 'base':
      return true;
    case 'auto':
      return experts.some(e => e.isTrained);
    case 'expert':
      return experts.some(e => e.name === target.name && e.isTrained);
    case 'blend':
      return blends.some(b => b.name === target.name && b.isTrained);
    case 'merge':
      return merges.some(m => m.name === target.name && m.isMade);
    case 'weights':
      return Object.entries(target.weights).every(
        ([n, w]) => w === 0 || experts.some(e => e.name === n && e.isTrained),
      );
  }
}

/** Everything that a recipe offers to be asked. */
export function offeredTargets(described: DescribeResult): Target[] {
  const all: Target[] = [
    auto,
    base,
    ...described.experts.map((e): Target => ({ kind: 'expert', name: e.name })),
    ...described.blends.map((b): Target => ({ kind: 'blend', name: b.name })),
    ...described.merges.map((m): Target => ({ kind: 'merge', name: m.name })),
  ];
  return all.filter(target => isOffered(target, described));
}

/** The expert for a domain: the one of that name, or else the first of that domain. */
export function expertFor(domain: string, { experts }: DescribeResult): DescribeResult['experts'][number] | undefined {
  return experts.find(e => e.name === domain) ?? experts.find(e => e.domain === domain);
}
