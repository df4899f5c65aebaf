import { createHash } from 'node:crypto';
import type { Memento } from 'vscode';
import type { Finding } from '../../review/findings.ts';

/** Findings that were resolved in this workspace: they are not shown again while their line is as it was. */
export interface Dismissed {
  has(path: string, text: string, finding: Finding): boolean;
  add(path: string, text: string, finding: Finding): Promise<void>;
  remove(path: string, text: string, finding: Finding): Promise<void>;
}

const key = 'review.dismissed';
/** The oldest are forgotten. */
const mostKept = 1000;

export function createDismissed(memory: Memento): Dismissed {
  const kept = () => memory.get<string[]>(key, []);
  return {
    has: (...finding) => kept().includes(mark(...finding)),
    async add(...finding) {
      const own = mark(...finding);
      await memory.update(key, [...kept().filter(each => each !== own), own].slice(-mostKept));
    },
    async remove(...finding) {
      const own = mark(...finding);
      await memory.update(
        key,
        kept().filter(each => each !== own),
      );
    },
  };
}

/** By file and content: another number of the line is the same finding, another text is not. */
function mark(path: string, text: string, { message, replacement }: Finding): string {
  const parts = JSON.stringify([path, text.trim(), message, replacement ?? null]);
  return createHash('sha256').update(parts).digest('base64url').slice(0, 22);
}
