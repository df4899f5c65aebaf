import type { ChatFollowup } from 'vscode';
import type { DescribeResult } from '../../protocol/engine/offering.ts';
import { expertFor } from '../ask/offered.ts';

const domains = ['math', 'code', 'qa'] as const;

/** The same question to the experts that did not answer it. */
export function followupsFor(
  prompt: string,
  weights: Record<string, number>,
  described: DescribeResult,
): ChatFollowup[] {
  return domains.flatMap(command => {
    const expert = expertFor(command, described);
    if (!expert?.isTrained || weights[expert.name]) return [];
    return [{ prompt, command, label: `Ask ${expert.name} instead` }];
  });
}
