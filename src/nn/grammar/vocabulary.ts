import { tokenBytes } from '../tokenizer/tokenBytes.ts';
import type { Tokenizer } from '../tokenizer/tokenizer.ts';
import { closes, nextWithin, within, wrong } from './characters.ts';
import { createTokenTrie, type TokenTrie } from './tokenTrie.ts';

/** The tokens that text can be written with, arranged for grammars. */
export interface Vocabulary {
  words: number;
  bytesOf(id: number): Uint8Array;
  /** All of them. */
  trie: TokenTrie;
  /** Those that reach the end of a string that they begin inside of. */
  leaving: TokenTrie;
  /** Bits of those that stay within a string when at most so many characters may follow. */
  staying(most: number, hasEscapes: boolean): Int32Array;
  longerThan(length: number): readonly number[];
  /** Of a special token, which no text spells. */
  idOf(token: string): number | undefined;
  specialTokens: readonly string[];
}

/** Special tokens and those that end an answer are left out. */
export function createVocabulary(tokenizer: Tokenizer, stopIds: readonly number[]): Vocabulary {
  const bytes = tokenBytes(tokenizer);
  const words = Math.ceil(bytes.length / 32);
  const leftOut = new Set([...tokenizer.specialIds, ...stopIds]);
  const ids = [...bytes.keys()].filter(id => bytes[id]!.length > 0 && !leftOut.has(id));
  const leaving: number[] = [];
  /** By the characters that they have, with escapes and without. */
  const inside: { plain: number[]; escaped: number[] }[] = [];
  for (const id of ids) {
    const reading = readInString(bytes[id]!);
    if (reading === 'leaves') leaving.push(id);
    if (typeof reading !== 'object') continue;
    while (inside.length <= reading.characters) inside.push({ plain: [], escaped: [] });
    inside[reading.characters]![reading.hasEscapes ? 'escaped' : 'plain'].push(id);
  }
  const masks = new Map<string, Int32Array>();
  const bySize = [...ids].sort((a, b) => bytes[b]!.length - bytes[a]!.length);
  return {
    words,
    bytesOf: id => bytes[id] ?? new Uint8Array(),
    trie: createTokenTrie(ids, bytes),
    leaving: createTokenTrie(leaving, bytes),
    staying(most, hasEscapes) {
      const longest = Math.min(most, inside.length - 1);
      const key = `${longest} ${hasEscapes}`;
      let mask = masks.get(key);
      if (!mask) {
        mask = new Int32Array(words);
        for (const { plain, escaped } of inside.slice(0, longest + 1))
          for (const id of hasEscapes ? [...plain, ...escaped] : plain) mask[id >> 5]! |= 1 << (id & 31);
        masks.set(key, mask);
      }
      return mask;
    },
    longerThan(length) {
      const shorter = bySize.findIndex(id => bytes[id]!.length <= length);
      return shorter < 0 ? bySize : bySize.slice(0, shorter);
    },
    idOf: token => tokenizer.idOf(token),
    specialTokens: tokenizer.specialTokens,
  };
}

/** What a token is between two characters of a string: the end of it, a part of it, or not allowed. */
function readInString(bytes: Uint8Array): 'leaves' | 'wrong' | { characters: number; hasEscapes: boolean } {
  let at: number = within.none;
  let characters = 0;
  let hasEscapes = false;
  for (const byte of bytes) {
    const next = nextWithin(at, byte, true);
    if (next === closes) return 'leaves';
    if (next === wrong) return 'wrong';
    if (at === within.none) characters++;
    hasEscapes ||= next === within.escape;
    at = next;
  }
  return { characters, hasEscapes };
}
