/** What counts as a right answer, each scorer in a sentence. */
export const scorerTexts = {
  exact: 'The whole answer, whatever its case, white space and final period.',
  final: "What follows the last 'Answer:' or '####', else the last line; numbers by their value.",
  line: 'Its first line that is not empty, without white space at the ends.',
  similar: 'At most a fifth of its characters would have to be changed to make it the expected one (Levenshtein).',
  code: "The answer is run in a sandbox against the example's tests.",
  toolCall:
    'The answer calls the same tools with the same arguments, in the same order; words beside calls do not count.',
} as const;

/** As headings of a report call them. */
export const scorerLabels: Record<ScorerName, string> = {
  exact: 'exact match',
  final: 'final answer',
  line: 'first line',
  similar: 'edit similarity of 0.8',
  code: 'code is run',
  toolCall: 'calls of tools',
};

export type ScorerName = keyof typeof scorerTexts;
export const scorerNames = Object.keys(scorerTexts) as ScorerName[];
