import type { RouteResult } from '../../src/protocol/route.ts';

type Evidence = RouteResult['evidence'];

/** A piece of a prompt, and what it says for whom: the expert for whom it says most, or nobody. */
export interface EvidenceSpan {
  text: string;
  expert?: string;
  /** Sum of the contributions for that expert. */
  contribution: number;
}

/** The prompt in pieces by what the router saw in it. What has no place in the text, such as a form, is left out. */
export function evidenceSpans(prompt: string, evidence: Evidence): EvidenceSpan[] {
  const marks = Array.from({ length: prompt.length }, () => new Map<string, number>());
  for (const { expert, feature, contribution } of evidence)
    for (const [start, end] of placesOf(feature, prompt))
      for (const mark of marks.slice(start, end)) mark.set(expert, (mark.get(expert) ?? 0) + contribution);
  const spans: EvidenceSpan[] = [];
  for (const [i, mark] of marks.entries()) {
    const [expert, contribution = 0] = [...mark].sort((a, b) => b[1] - a[1])[0] ?? [];
    const last = spans.at(-1);
    if (last && last.expert === expert && last.contribution === contribution) last.text += prompt[i];
    else spans.push({ text: prompt[i]!, expert, contribution });
  }
  return spans;
}

/** Whether a feature has a place in the text. */
export function hasPlace(feature: string, prompt: string): boolean {
  return placesOf(feature, prompt).length > 0;
}

/** Where a feature of the router stands: a word or words, a part of a word (`quad…`), or a quoted beginning. */
function placesOf(feature: string, prompt: string): [start: number, end: number][] {
  const pattern = patternOf(feature);
  if (!pattern) return [];
  return [...prompt.matchAll(new RegExp(pattern, 'giu'))].map(({ index, 0: found }) => [index, index + found.length]);
}

const edge = { before: '(?<![\\p{L}\\p{N}_])', after: '(?![\\p{L}\\p{N}_])' };

function patternOf(feature: string): string | undefined {
  // Forms and structures are about the whole prompt.
  if (/^(form |\[)/.test(feature)) return undefined;
  const quoted = /^(starts with|ends asking|asks|also asks) '(.+)'$/.exec(feature);
  if (quoted) return `${quoted[1] === 'starts with' ? '^\\W*' : ''}${wordsPattern(quoted[2]!)}`;
  const [, before, part, after] = /^(…?)(.*?)(…?)$/.exec(feature)!;
  if (!before && !after) return wordsPattern(feature);
  return `${before ? '(?<=\\p{L})' : edge.before}${escaped(part!)}${after ? '(?=\\p{L})' : edge.after}`;
}

function wordsPattern(words: string): string {
  const patterns = words
    .split(' ')
    .map(word => (word === '<number>' || word === '<year>' ? '\\p{N}[\\p{N}.,]*' : escaped(word)));
  return edge.before + patterns.join("(?:'s)?[^\\p{L}\\p{N}]+") + edge.after;
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
}
