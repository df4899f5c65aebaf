/**
 * Text from which the embedded base learns the skills that the experts build on: looking things up in a passage,
 * copying, arithmetic in small steps, small functions. Everything is generated. Its chat turns ask for copies alone; it has none
 * of the experts' questions, and no question that is kept back from training appears in it (see `isTrainable`).
 */
import type { Random } from '../../src/nn/tensor/random.ts';
import { codeDocument } from './corpusCode.ts';
import { definitionDocument, factDocument, mixedDocument } from './corpusFacts.ts';
import { chatDocument, copyDocument, pairsDocument } from './corpusLookup.ts';
import { mathDocument } from './corpusMath.ts';
import { FILLER, type Piece, pick } from './corpusPiece.ts';
import { type EncodedDocument, tokenDocument } from './corpusTokens.ts';

type DocumentMaker = (random: Random) => Piece[];

/** Shares of the documents drawn (not of tokens; a code document is the longest). */
const MIXES = {
  /** All skills. */
  skills: { fact: 0.26, mixed: 0.08, definition: 0.12, pairs: 0.08, copy: 0.05, chat: 0, math: 0.25, code: 0.16 },
  /** Arithmetic and functions are learned long before looking up is: most of it is that. */
  lookup: { fact: 0.36, mixed: 0.12, definition: 0.14, pairs: 0.12, copy: 0.04, math: 0.13, code: 0.09, chat: 0 },
  /** All skills, the marks of a chat, and (see `tokenShare`) every token. */
  tokens: { fact: 0.24, mixed: 0.08, definition: 0.11, pairs: 0.08, copy: 0.03, chat: 0.08, math: 0.23, code: 0.15 },
};
/** Of the documents of the mix that has them, those of tokens whatever their text. */
const tokenShare = 0.2;
export type Mix = keyof typeof MIXES;

const MAKERS: Record<keyof typeof MIXES.skills, DocumentMaker> = {
  fact: factDocument,
  mixed: mixedDocument,
  definition: definitionDocument,
  pairs: pairsDocument,
  copy: copyDocument,
  chat: chatDocument,
  math: mathDocument,
  code: codeDocument,
};

/** One document: its text in pieces, each with the weight of its tokens in the loss. */
export function skillDocument(random: Random, mix: Mix = 'skills'): Piece[] {
  const shares = Object.entries(MIXES[mix]).map(
    ([name, share]) => [share, MAKERS[name as keyof typeof MAKERS]] as const,
  );
  return pick(shares, random)(random);
}

// The embedded tokenizer takes digits one by one, then splits as GPT-2 does (Radford et al. 2019).
const WORD = /<\|im_(?:start|end)\|>|'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+/gu;

/** An encoder that remembers the ids of words, and says where in the text each word starts. */
export function cachedEncoder(encode: (text: string) => number[]) {
  const known = new Map<string, number[]>();
  const idsOf = (word: string): number[] => {
    let ids = known.get(word);
    if (!ids) {
      ids = encode(word);
      known.set(word, ids);
    }
    return ids;
  };
  return (text: string, take: (ids: number[], start: number) => void): void => {
    let at = 0;
    for (const part of text.split(/(\p{N})/u)) {
      if (part.length > 0) {
        if (/^\p{N}$/u.test(part)) take(idsOf(part), at);
        else for (const match of part.matchAll(WORD)) take(idsOf(match[0]), at + match.index);
      }
      at += part.length;
    }
  };
}

/** Ids and weights of a document. A word has the weight of the piece that holds its first letter. */
export function encodeDocument(pieces: readonly Piece[], encoder: ReturnType<typeof cachedEncoder>): EncodedDocument {
  const text = pieces.map(([part]) => part).join('');
  const ids: number[] = [];
  const weights: number[] = [];
  let [index, end] = [0, pieces[0]![0].length];
  encoder(text, (wordIds, start) => {
    const letter = text[start] === ' ' && start + 1 < text.length ? start + 1 : start;
    while (letter >= end && index + 1 < pieces.length) end += pieces[++index]![0].length;
    for (const id of wordIds) {
      ids.push(id);
      weights.push(pieces[index]![1]);
    }
  });
  return { ids, weights };
}

/** The token between documents: `<|endoftext|>`. */
const END = 0;
/** The ids before it are special tokens. */
const FIRST = 3;

/** What a tokenizer does, and how many ids it has. */
export interface Vocabulary {
  encode(text: string): number[];
  count: number;
}

export interface PackedBatch {
  /** `[rows, length + 1]`: token t + 1 is the target of token t. */
  ids: Int32Array;
  /** `[rows, length]`: the weight of each target. */
  weights: Float32Array;
}

/**
 * Batches without end. Every row starts with a document's start and is filled with whole documents; the last one is
 * cut at the row's end, so that no answer stands in a row without the passage it comes from.
 */
export function* packedBatches(
  { encode, count }: Vocabulary,
  random: Random,
  rows: number,
  length: number,
  mix: Mix = 'skills',
): Generator<PackedBatch, never, undefined> {
  const encoder = cachedEncoder(encode);
  const line = encode('\n');
  const draw = () =>
    mix === 'tokens' && random.uniform() < tokenShare
      ? tokenDocument(random, FIRST, count, line)
      : encodeDocument(skillDocument(random, mix), encoder);
  for (;;) {
    const ids = new Int32Array(rows * (length + 1));
    const weights = new Float32Array(rows * length);
    for (let row = 0; row < rows; row++) {
      let at = 0;
      const put = (id: number, weight: number) => {
        if (at > length) return;
        ids[row * (length + 1) + at] = id;
        if (at > 0) weights[row * length + at - 1] = weight;
        at++;
      };
      while (at <= length) {
        const document = draw();
        document.ids.forEach((id, i) => {
          put(id, document.weights[i]!);
        });
        put(END, FILLER);
      }
    }
    yield { ids, weights };
  }
}
