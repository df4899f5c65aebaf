import { setTimeout as delay } from 'node:timers/promises';
import type { AskResult } from '../../protocol/engine/asking.ts';
import { completionPrompt, suggestionOf } from './completionPrompt.ts';

/** What a suggestion is made with. */
export interface Suggester {
  /** Milliseconds without typing before anything is asked. */
  rest: number;
  /** The name of the trained code expert; undefined where there is none. */
  findExpert(): Promise<string | undefined>;
  ask(prompt: string, expert: string, signal: AbortSignal): Promise<Pick<AskResult, 'text' | 'finish'>>;
}

/**
 * What goes on at a cursor, at which `lines` end; undefined where there is nothing to suggest. `signal` aborts when
 * typing goes on: nothing reaches the engine until it rests. Rejects with an AbortError when it never did.
 */
export async function suggest(
  lines: string[],
  language: string,
  { rest, findExpert, ask }: Suggester,
  signal: AbortSignal,
): Promise<string | undefined> {
  const asked = completionPrompt(lines, language);
  if (!asked) return undefined;
  await delay(rest, undefined, { signal });
  const expert = await findExpert();
  if (expert === undefined || signal.aborted) return undefined;
  const { text, finish } = await ask(asked.prompt, expert, signal);
  if (finish === 'cancelled') return undefined;
  const suggestion = suggestionOf(text, asked.before);
  return suggestion.trim() ? suggestion : undefined;
}
