import type { DescribedBase, DescribeResult } from '../protocol/engine/experts.ts';
import type { RouteResult } from '../protocol/route.ts';
import { magnitude } from './numbers.ts';

/** Whether a base is the one that is shipped, which shows how things work and knows next to nothing. */
export function isDemonstration({ name }: Pick<DescribedBase, 'name'>): boolean {
  return name === 'embedded';
}

/** What the demonstration base is, and what its trained experts were trained for; undefined for other bases. */
export function demonstrationText({ base, experts }: DescribeResult): string | undefined {
  if (!isDemonstration(base)) return undefined;
  const trained = experts.filter(e => e.isTrained);
  const what = `This is the demonstration base of ${magnitude(base.parameters)} parameters.`;
  if (trained.length === 0) return `${what} It knows next to nothing by itself.`;
  const each = trained.map(e => `${e.name} (${(e.description ?? e.domain).replace(/\.$/, '')})`);
  return `${what} It answers only what its experts were trained for: ${each.join('; ')}.`;
}

/**
 * What is said of a prompt for which the router found no expert, in place of an answer or beside it: the demonstration base
 * knows nothing by itself, and what it says is made up. Undefined where there may be somebody who knows.
 */
export function refusalText(
  { abstained }: Pick<RouteResult, 'abstained'>,
  described: DescribeResult,
): string | undefined {
  return abstained && described.experts.some(e => e.isTrained) ? demonstrationText(described) : undefined;
}
