import { codeIn, codeOf } from '../ask/tasks.ts';

/** What the code expert is asked for at a cursor, or undefined where a suggestion makes no sense. */
export interface CompletionPrompt {
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
