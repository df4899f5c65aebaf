import { visibleText } from '../protocol/visibleText.ts';

/** A name of a stranger's in a sentence: on one line, at most `most` characters of it. */
export function shortened(text: string, most = 80): string {
  const line = text.length > most ? `${text.slice(0, most - 1)}…` : text;
  return line.replace(/\n/g, '\\n');
}

/** What Markdown reads as more than itself wherever it stands; colons, at signs and `www.` make addresses links. */
const signs = /[\\`*_{}[\]()<>#!|~&$:@]|(?<=www)\./gi;
/** And at the beginning of a line. */
const firstSigns = /^(\s*)([-+=]|\d+(?=[.)]))/;

/** A text of a stranger's within Markdown: it is shown as it is written, as no link, picture, heading or HTML. */
export function inMarkdown(text: string): string {
  return visibleText(text)
    .replace(/\s*\n\s*/g, ' ')
    .replace(signs, '\\$&')
    .replace(firstSigns, (_, space: string, sign: string) => `${space}${/\d/.test(sign) ? `${sign}\\` : `\\${sign}`}`);
}

/** A text of a stranger's in a notification, which makes links, of commands too, of what is written like one. */
export function inNotification(text: string): string {
  return visibleText(text).replaceAll('](', '] (');
}

/** A text of a stranger's as a span of code in Markdown, which nothing in it can end. */
export function codeSpan(text: string): string {
  const line = visibleText(text).replace(/\s*\n\s*/g, ' ');
  const fence = '`'.repeat(1 + longestRun(line));
  return `${fence}${/^`|`$|^ .* $/.test(line) ? ` ${line} ` : line}${fence}`;
}

function longestRun(text: string): number {
  return (text.match(/`+/g) ?? []).reduce((longest, run) => Math.max(longest, run.length), 0);
}
