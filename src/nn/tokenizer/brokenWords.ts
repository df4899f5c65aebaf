import type { Tokenizer } from './tokenizer.ts';

/** Words: letters alone, without names of code such as `addSeven` and `sum(`, which may be any. */
const words = /(?<![\p{L}\p{N}_])\p{L}[\p{L}\p{M}]*(?![\p{L}\p{M}\p{N}_(])/gu;
const ofCode = /\p{Ll}\p{Lu}/u;

/** The different words of a text, and those of them for which a vocabulary has no token of their own. */
export function brokenWords(text: string, tokenizer: Tokenizer): { all: number; broken: string[] } {
  const all = [...new Set(text.match(words) ?? [])].filter(word => !ofCode.test(word));
  const pieces = (word: string) => tokenizer.encode(word, { addSpecialTokens: false }).length;
  return { all: all.length, broken: all.filter(word => pieces(word) > 1 && pieces(` ${word}`) > 1) };
}
