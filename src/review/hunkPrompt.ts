import type { DiffHunk } from './diffHunk.ts';

/**
 * What a review expert is asked: the change, of which the new lines are numbered from 1. The generator of its training
 * data renders with this too. `code` is what it is called, such as `JavaScript code`.
 */
export function hunkPrompt(hunk: DiffHunk, code: string): string {
  return `Review this ${code}:\n${renderedLines(hunk).join('\n')}`;
}

/** The lines as the prompt has them, without the indentation that all of them share. */
export function renderedLines(hunk: DiffHunk): string[] {
  const texts = hunk.map(line => line.text.trimEnd());
  const shared = texts.reduce((least, text) => (text === '' ? least : Math.min(least, text.search(/\S/))), Infinity);
  let number = 0;
  return hunk.map(({ mark }, i) => {
    const text = texts[i]!.slice(shared);
    const sign = mark === 'added' ? `${++number}+` : mark === 'removed' ? '-' : ' ';
    return `${sign} ${text}`.trimEnd();
  });
}
