/** Control characters, line ends but \n among them, and signs that turn the direction of text around or cannot be seen. */
const unseen = /(?!\n)[\p{Cc}\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\u{e0000}-\u{e007f}]/gu;

/** A text of a stranger's as people see it: what could move the cursor or turn text around is written out, `\u{202e}`. */
export function visible(text: string): string {
  return text.replace(unseen, sign => `\\u{${sign.codePointAt(0)!.toString(16)}}`);
}

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
  return visible(text)
    .replace(/\s*\n\s*/g, ' ')
    .replace(signs, '\\$&')
    .replace(firstSigns, (_, space: string, sign: string) => `${space}${/\d/.test(sign) ? `${sign}\\` : `\\${sign}`}`);
}

/** A text of a stranger's in a notification, which makes links, of commands too, of what is written like one. */
export function inNotification(text: string): string {
  return visible(text).replaceAll('](', '] (');
}

/** A text of a stranger's as a span of code in Markdown, which nothing in it can end. */
export function codeSpan(text: string): string {
  const line = visible(text).replace(/\s*\n\s*/g, ' ');
  const fence = '`'.repeat(1 + longestRun(line));
  return `${fence}${/^`|`$|^ .* $/.test(line) ? ` ${line} ` : line}${fence}`;
}

function longestRun(text: string): number {
  return (text.match(/`+/g) ?? []).reduce((longest, run) => Math.max(longest, run.length), 0);
}
