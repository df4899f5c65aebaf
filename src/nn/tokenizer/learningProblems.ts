import type { Problem } from '../../protocol/errors.ts';
import type { EncodedExample } from './encodeExample.ts';

/** An example as it is learned, with its line in its file. */
export interface LearnedExample
  extends Pick<EncodedExample, 'learned' | 'isEnded' | 'isPromptOfUse' | 'lostReasoning'> {
  line: number;
}

export interface LearningProblem extends Problem {
  code: 'droppedExamples' | 'cutAnswers' | 'noEndToken' | 'otherPrompt' | 'lostReasoning';
  /** Of the first examples that it is about. */
  lines: number[];
}

/** More answers than this share that lose their end, or are lost, are hardly meant. */
export const mostCut = 0.01;

const mostLines = 10;

/** Examples of which nothing, or not all, is learned at this `maxLength`, in tokens. */
export function cutExamples<T extends Pick<LearnedExample, 'learned'>>(
  examples: readonly T[],
  maxLength: number,
): { dropped: T[]; cut: T[]; needed: number } {
  const dropped = examples.filter(({ learned }) => learned.first >= maxLength);
  const cut = examples.filter(({ learned }) => learned.first < maxLength && learned.end > maxLength);
  const needed = [...dropped, ...cut].reduce((most, { learned }) => Math.max(most, learned.end), 0);
  return { dropped, cut, needed };
}

/**
 * What of a dataset is not learned as it is written, as warnings: answers beyond `maxLength`, answers that nothing ends,
 * prompts that are others at use, and reasoning that the chat template leaves out.
 * @param longest what `maxLength` can be at most, in tokens: the base's window.
 */
export function learningProblems(
  examples: readonly LearnedExample[],
  file: string,
  { maxLength, longest, thinking }: { maxLength: number; longest: number; thinking: boolean },
): LearningProblem[] {
  const all = examples.length;
  const { dropped, cut, needed } = cutExamples(examples, maxLength);
  const enough =
    needed <= longest
      ? `a maxLength of ${needed} holds them all`
      : `the longest needs ${needed} tokens, the base reads ${longest}`;
  const unended = examples.filter(e => !e.isEnded);
  const otherwise = examples.filter(e => !e.isPromptOfUse);
  const reasoned = examples.filter(e => e.lostReasoning > 0);
  const turn = thinking ? 'is on' : 'is off';
  const found: [code: LearningProblem['code'], of: readonly LearnedExample[], message: string][] = [
    ['droppedExamples', dropped, `are left out: their answers begin beyond maxLength (${maxLength} tokens); ${enough}`],
    ['cutAnswers', cut, `lose the end of their answer at maxLength (${maxLength} tokens); ${enough}`],
    [
      'noEndToken',
      unended,
      'end without an end token in the base’s chat template: an expert that learns from them never learns to stop',
    ],
    [
      'otherPrompt',
      otherwise,
      `stand after another prompt than the base’s chat template writes at use (generation.thinking ${turn}); what is learned may not come out`,
    ],
    ['lostReasoning', reasoned, 'hold reasoning that the base’s chat template leaves out; it is not learned'],
  ];
  return found.flatMap(([code, of, message]) => {
    if (of.length === 0) return [];
    const lines = of.slice(0, mostLines).map(e => e.line);
    const more = of.length > lines.length ? ` and ${of.length - lines.length} more` : '';
    const places = `${of.length === 1 ? 'line' : 'lines'} ${lines.join(', ')}${more}`;
    return {
      code,
      severity: 'warning' as const,
      where: `${file}:${lines[0]}`,
      message: `${file}: ${of.length} of ${all} examples ${message} (${places}).`,
      lines,
    };
  });
}
