import type { Example } from './example.ts';

/** Lines before a gap that say what it is about. */
const mostLines = 20;

/** What is asked in an example, as a router reads it: the user's last message, or the lines around a gap. */
export function promptOf({ messages, fill }: Example): string {
  if (fill) return gapPrompt(messages[0]!.content, fill.suffix);
  return messages.filter(m => m.role === 'user').at(-1)?.content ?? '';
}

/** The last lines before a gap; where there is nothing before it, the first behind it. */
export function gapPrompt(prefix: string, suffix: string): string {
  if (prefix.trim() === '') return suffix.split('\n').slice(0, mostLines).join('\n');
  return prefix.split('\n').slice(-mostLines).join('\n');
}
