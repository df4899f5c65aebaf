import type { DescribedBase, DescribeResult } from '../../protocol/engine/experts.ts';
import { magnitude } from '../../text/numbers.ts';

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
