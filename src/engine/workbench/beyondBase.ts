import { brokenWords } from '../../nn/tokenizer/brokenWords.ts';
import type { Tokenizer } from '../../nn/tokenizer/tokenizer.ts';

/** Of the words of a prompt, how many the base must not know for it to be told. */
const share = 0.3;
const fewest = 2;

/**
 * The words of a prompt that the embedded base does not know, where they are so many that it cannot answer; undefined where
 * they are not. It has learned the words of its domains, each of which has a token; other bases know words in pieces.
 */
export function beyondBase(prompt: string, tokenizer: Tokenizer): string[] | undefined {
  const { all, broken } = brokenWords(prompt, tokenizer);
  return broken.length >= fewest && broken.length >= share * all ? broken : undefined;
}
