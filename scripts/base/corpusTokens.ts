import type { Random } from '../../src/nn/tensor/random.ts';
import { FILLER } from './corpusPiece.ts';

/** Ids of a document, and what each counts in the loss. */
export interface EncodedDocument {
  ids: number[];
  weights: number[];
}

/**
 * Rows of tokens drawn evenly from the vocabulary, each row written again: every token that a tokenizer keeps is so the
 * next one somewhere. What is never predicted keeps an embedding like all others of its kind, and as embedding and output
 * projection are one and frozen, no adapter can part them later.
 *
 * @param first the first id that is no special token
 * @param count ids of the vocabulary
 * @param line ids of a line's end
 */
export function tokenDocument(random: Random, first: number, count: number, line: number[]): EncodedDocument {
  const ids: number[] = [];
  const weights: number[] = [];
  const put = (added: number[], weight: number) => {
    ids.push(...added);
    weights.push(...added.map(() => weight));
  };
  for (let rows = random.integer(2, 5); rows > 0; rows--) {
    const row = Array.from({ length: random.integer(3, 10) }, () => random.integer(first, count - 1));
    put(row, FILLER);
    put(line, 0.3);
    put([...row, ...line], 1);
  }
  return { ids, weights };
}
