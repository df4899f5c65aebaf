import type { DiffHunk } from './diffHunk.ts';
import { nothingFound } from './findings.ts';

/**
 * What a review expert is asked: the change, of which the new lines are numbered from 1. The generator of its training
 * data renders with this too. `code` is what it is called, such as `JavaScript code`.
 */
export function hunkPrompt(hunk: DiffHunk, code: string): string {
  return `Review this ${code}:\n${renderedLines(hunk).join('\n')}`;
}

/** The same for a model that has not learned the form of the answer from examples. */
export function explainedHunkPrompt(hunk: DiffHunk, code: string): string {
  return `${explanation}\n\n${hunkPrompt(hunk, code)}`;
}

const explanation = `You review a change of code. New lines are numbered, removed lines begin with "-".
Report bugs and mistakes in the numbered lines alone, one a line, in this form:
NUMBER SEVERITY: MESSAGE | THE LINE AS IT SHOULD BE
SEVERITY is error, warning or info. Leave out the bar and what follows it where the line should stay as it is.
If nothing is wrong, answer: ${nothingFound}`;

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
