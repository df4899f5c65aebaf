/** What counts as a right answer, each scorer in a sentence. */
export const scorerTexts = {
  exact: 'The whole answer, whatever its case, white space and final period.',
  final: "What follows the last 'Answer:' or '####', else the last line; numbers by their value.",
  code: "The answer is run in a sandbox against the example's tests.",
  toolCall:
    'The answer calls the same tools with the same arguments, in the same order; words beside calls do not count.',
} as const;

/** As headings of a report call them. */
export const scorerLabels: Record<ScorerName, string> = {
  exact: 'exact match',
  final: 'final answer',
  code: 'code is run',
  toolCall: 'calls of tools',
};

export type ScorerName = keyof typeof scorerTexts;
export const scorerNames = Object.keys(scorerTexts) as ScorerName[];
