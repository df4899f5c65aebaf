import type { CodeTask } from '../../data/skills.ts';
import type { DescribeResult } from '../../protocol/engine/experts.ts';
import type { Target } from '../../protocol/target.ts';
import { isDemonstration } from '../../text/demonstration.ts';
import { listing } from '../../text/numbers.ts';

/** What the tasks are called in sentences. */
const names: Record<CodeTask, string> = {
  explain: 'explain code',
  document: 'document code',
  writeTests: 'write tests',
  review: 'review code',
};

/**
 * Who does a task on code: an expert whose data asks for it, in its languages; else a base that follows instructions. Or,
 * where there is neither, why not.
 */
export function whoDoes(
  task: CodeTask,
  language: string,
  { base, experts }: DescribeResult,
): { target: Target } | { reason: string } {
  const able = experts.filter(e => e.isTrained && e.skills?.tasks.includes(task));
  const knows = ({ skills }: (typeof able)[number]) =>
    language === '' || !skills?.languages.length || skills.languages.includes(language);
  const expert = able.find(knows);
  if (expert) return { target: { kind: 'expert', name: expert.name } };
  if (base.followsInstructions) return { target: { kind: 'base' } };
  const here = isDemonstration(base) ? 'the demonstration base cannot' : `${base.name} follows no instructions`;
  if (able.length === 0) return { reason: `No expert here was trained to ${names[task]}, and ${here}.` };
  const known = listing([...new Set(able.flatMap(e => e.skills!.languages))]);
  return { reason: `Nobody here can ${names[task]} in ${language}: ${able[0]!.name} was trained on ${known}.` };
}
