import { languagesIn } from '../../data/skills.ts';
import type { DescribeResult } from '../../protocol/engine/experts.ts';
import type { Target } from '../../protocol/target.ts';
import { listing } from '../../text/numbers.ts';

/**
 * That a prompt names programming languages of which the data of those who answer say nothing, while they name others;
 * undefined where that is not so.
 */
export function outsideText(
  prompt: string,
  weights: Record<string, number>,
  { experts }: Pick<DescribeResult, 'experts'>,
): string | undefined {
  const asked = languagesIn(prompt);
  const answering = experts.filter(e => (weights[e.name] ?? 0) > 0 && e.skills?.languages.length);
  const known = [...new Set(answering.flatMap(e => e.skills!.languages))];
  const unknown = asked.filter(language => !known.includes(language));
  if (known.length === 0 || unknown.length === 0 || unknown.length < asked.length) return undefined;
  return `${listing(answering.map(e => e.name))} was trained on ${listing(known)}, not on ${listing(unknown)}: the answer may be of the wrong language, or wrong.`;
}

/** The weights of experts that a target names; none where a router chooses. */
export function weightsOfTarget(target: Target, { blends }: Pick<DescribeResult, 'blends'>): Record<string, number> {
  if (target.kind === 'expert') return { [target.name]: 1 };
  if (target.kind === 'weights') return target.weights;
  return target.kind === 'blend' ? (blends.find(b => b.name === target.name)?.weights ?? {}) : {};
}
