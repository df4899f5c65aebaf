import type { DescribeResult } from '../../protocol/engine/experts.ts';
import type { Target } from '../../protocol/target.ts';
import type { DiffHunk } from '../../review/diffHunk.ts';
import { explainedHunkPrompt, hunkPrompt } from '../../review/hunkPrompt.ts';
import { expertFor } from '../ask/offered.ts';

/** Who reviews, and how it is asked. */
export interface Reviewer {
  target: Target & { name: string };
  prompt(hunk: DiffHunk, code: string): string;
  /** New lines that it is asked about at once. */
  mostNew: number;
}

/** The recipe's trained `review` blend, else its review expert, else its code expert. */
export function reviewerFor(described: DescribeResult): Reviewer | undefined {
  const blend = described.blends.find(b => b.name === 'review' && b.isTrained);
  const review = expertFor('review', described);
  const expert = [review, expertFor('code', described)].find(e => e?.isTrained);
  const target: Reviewer['target'] | undefined = blend
    ? { kind: 'blend', name: blend.name }
    : expert && { kind: 'expert', name: expert.name };
  const names = blend ? Object.keys(blend.weights) : [expert?.name];
  // One that was trained on reviews knows the form of an answer, and is small: it sees most in one line at a time.
  const isTrainedForIt = review !== undefined && names.includes(review.name);
  const how = isTrainedForIt
    ? { prompt: hunkPrompt, mostNew: 1 }
    : { prompt: explainedHunkPrompt, mostNew: Number.POSITIVE_INFINITY };
  return target && { target, ...how };
}
