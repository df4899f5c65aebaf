/**
 * What a terminal or an editor would obey instead of showing it: control characters (C0 save line break and tab, DEL,
 * C1), with which every escape sequence begins, and those that turn the direction of text or cannot be seen, behind which
 * other text hides (Boucher and Anderson 2021, "Trojan Source"). One character each, so that a sequence that is split
 * over pieces of a text is found all the same.
 */
const obeyed = /(?![\n\t])[\p{Cc}\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\u{e0000}-\u{e007f}]/gu;

/** Most characters of an error's message: a stranger's text in it could be as long as a file. */
const longestMessage = 4000;

/** A text as it may reach a terminal: what would be obeyed is written as `\x1b` or `\u202e`, line breaks and tabs stay. */
export function visibleText(text: string): string {
  return text.replace(obeyed, escaped);
}

/** A stranger's name within a sentence: visible, in one line, its end left out where it is longer than so many characters. */
export function visibleName(text: string, most = 120): string {
  const cut = text.length > most ? `${text.slice(0, most)}…` : text;
  return visibleText(cut).replace(/[\n\t]/g, escaped);
}

/** The text of an error: visible, with the number of characters that were left out where it is very long. */
export function visibleMessage(text: string): string {
  const left = text.length - longestMessage;
  return visibleText(left > 0 ? `${text.slice(0, longestMessage)}… (${left} more characters)` : text);
}

/** A value as one line of JSON that holds nothing a terminal would obey. */
export function visibleJson(value: unknown): string {
  // JSON.stringify escapes C0 itself; whatever else is left stands within strings, where \u is the same character.
  return JSON.stringify(value).replace(obeyed, character =>
    Array.from({ length: character.length }, (_, i) => `\\u${hex(character.charCodeAt(i), 4)}`).join(''),
  );
}

function escaped(character: string): string {
  if (character === '\n') return '\\n';
  if (character === '\t') return '\\t';
  const code = character.codePointAt(0)!;
  if (code > 0xffff) return `\\u{${code.toString(16)}}`;
  return code < 0x100 ? `\\x${hex(code, 2)}` : `\\u${hex(code, 4)}`;
}

function hex(code: number, digits: number): string {
  return code.toString(16).padStart(digits, '0');
}
