import { setTimeout as delay } from 'node:timers/promises';
import type { CompletedAnswer } from '../../protocol/engine/completing.ts';
import type { DescribeResult } from '../../protocol/engine/experts.ts';
import type { Target } from '../../protocol/target.ts';
import { expertFor } from '../ask/offered.ts';
import { statementEnd } from './statementEnd.ts';

/** A cursor in a file as a gap in its text. */
export interface CursorGap {
  path: string;
  prefix: string;
  suffix: string;
}

/** What a gap is filled with. */
export interface Filler {
  /** Milliseconds without typing before anything is asked. */
  rest: number;
  /** Gives the answer, and its text piece by piece before; with what there is when the signal aborts. */
  fill(
    gap: CursorGap,
    signal: AbortSignal,
    onText: (piece: string) => void,
  ): Promise<Pick<CompletedAnswer, 'text' | 'finish'>>;
}

/** Characters around the cursor that are read: more take a processor longer than typing rests. */
const longestPrefix = 2400;
const longestSuffix = 640;
/** The beginning of what is read moves by as much at once: until then the engine knows it from the last suggestion. */
const prefixStep = 800;
/** Behind the cursor in its line: more than closing brackets is a line that is written already. */
const longestLineEnd = 8;

/** The text around a cursor, cut at line ends. */
export function gapAt(path: string, before: string, after: string): CursorGap {
  const from = Math.max(0, Math.ceil((before.length - longestPrefix) / prefixStep) * prefixStep);
  const prefix = before.slice(from);
  const suffix = after.slice(0, longestSuffix);
  const first = prefix.indexOf('\n') + 1;
  const last = suffix.lastIndexOf('\n') + 1;
  return {
    path,
    prefix: prefix.length < before.length && first > 0 ? prefix.slice(first) : prefix,
    suffix: suffix.length < after.length && last > 0 ? suffix.slice(0, last) : suffix,
  };
}

/** Who fills gaps: the trained code expert, else one that has learned to fill gaps, else the base; undefined where it cannot. */
export function fillingTarget(described: DescribeResult): Target | undefined {
  if (!described.base.fills) return undefined;
  const code = expertFor('code', described);
  const expert = code?.isTrained ? code : described.experts.find(e => e.isTrained && e.fills);
  return expert ? { kind: 'expert', name: expert.name } : { kind: 'base' };
}

/**
 * What goes on at a cursor, up to the end of the statement; undefined where there is nothing to suggest. The answer is ended
 * there. `signal` aborts when typing goes on: nothing is asked until it rests. Rejects with an AbortError when it never did.
 */
export async function suggestFill(
  gap: CursorGap,
  { rest, fill }: Filler,
  signal: AbortSignal,
): Promise<string | undefined> {
  const line = gap.prefix.slice(gap.prefix.lastIndexOf('\n') + 1);
  const lineEnd = gap.suffix.split('\n', 1)[0]!.trim();
  if (lineEnd.length > longestLineEnd || /^\w/.test(lineEnd) || gap.prefix.trim() === '') return undefined;
  await delay(rest, undefined, { signal });
  const enough = new AbortController();
  let text = '';
  const onText = (piece: string) => {
    text += piece;
    if (statementEnd(text, line) !== undefined) enough.abort();
  };
  const answer = await fill(gap, AbortSignal.any([signal, enough.signal]), onText);
  if (signal.aborted) return undefined;
  const suggestion = cut(answer, line).trimEnd();
  return suggestion.trim() === '' || repeats(suggestion, gap.suffix) ? undefined : suggestion;
}

/** A statement; of one that has not ended where the answer did, the lines that have. */
function cut({ text, finish }: Pick<CompletedAnswer, 'text' | 'finish'>, line: string): string {
  const end = statementEnd(text, line);
  if (end !== undefined) return text.slice(0, end);
  const last = text.lastIndexOf('\n');
  return finish === 'stop' || text.slice(0, last).trim() === '' ? text : text.slice(0, last);
}

/** Whether a suggestion is what stands behind the cursor already. */
function repeats(suggestion: string, suffix: string): boolean {
  const lines = suggestion
    .trim()
    .split('\n')
    .map(line => line.trim());
  const there = suffix
    .split('\n')
    .map(line => line.trim())
    .filter(line => line !== '');
  return lines.every((line, i) => line === there[i]);
}
