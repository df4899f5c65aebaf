import { setTimeout as delay } from 'node:timers/promises';
import type { AskResult } from '../../protocol/engine/asking.ts';
import { codeIn, codeOf } from '../ask/tasks.ts';

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

/** What the code expert is asked for at a cursor, or undefined where a suggestion makes no sense. */
interface CompletionPrompt {
  prompt: string;
  /** The text before the cursor that the answer may repeat. */
  before: string;
}

/** Lines before the cursor that go with it. */
const mostLines = 20;

/**
 * A comment directly above the cursor is taken for a task, which is what code experts are trained on; otherwise the code
 * before the cursor is to be continued. `lines` end at the cursor.
 */
export function completionPrompt(lines: string[], language: string): CompletionPrompt | undefined {
  const current = lines.at(-1) ?? '';
  const comment = /^\s*(?:\/\/|#|--|\*|\/\*\*?)\s*(.{8,}?)\s*(?:\*\/)?$/;
  const above = lines.length > 1 && current.trim() === '' ? comment.exec(lines.at(-2)!)?.[1] : undefined;
  if (above) return { prompt: above, before: '' };
  const before = lines.slice(-mostLines).join('\n');
  if (before.trim().length < 3 || comment.test(current)) return undefined;
  return { prompt: `Complete this ${codeIn(language)}:\n${before}`, before };
}

/** The suggestion in an answer: its code, without what stands before the cursor already. */
export function suggestionOf(answer: string, before: string): string {
  const code = codeOf(answer).replace(/^\n+/, '');
  if (!before) return code;
  if (code.startsWith(before)) return code.slice(before.length);
  const line = before.slice(before.lastIndexOf('\n') + 1).trimStart();
  return line && code.trimStart().startsWith(line) ? code.trimStart().slice(line.length) : code;
}
