import { brokenWords } from '../../nn/tokenizer/brokenWords.ts';
import type { Tokenizer } from '../../nn/tokenizer/tokenizer.ts';

/** Of the words of a prompt, how many the base must not know for it to be told. */
const share = 0.3;
const fewest = 2;

/**
 * The words of a prompt that neither the embedded base nor who answers on it knows, where they are so many that they cannot
 * answer; undefined where they are not. The base has learned the words of its domains, each of which has a token; other bases know words in pieces.
 */
export function beyondBase(
  prompt: string,
  tokenizer: Tokenizer,
  seen: ReadonlySet<string> = new Set(),
): string[] | undefined {
  const { all, broken } = brokenWords(prompt, tokenizer);
  const unknown = broken.filter(word => !seen.has(word.toLowerCase()));
  return unknown.length >= fewest && unknown.length >= share * all ? unknown : undefined;
}
