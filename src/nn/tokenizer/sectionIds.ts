import type { Tokenizer as HubTokenizer, PreTokenizer } from '@huggingface/tokenizers';
import { BPE, ByteLevelPreTokenizer, MetaspacePreTokenizer, SequencePreTokenizer } from '@huggingface/tokenizers';

/** Bounds of what is kept; a text is kept as long as a piece of it is. */
const mostWords = 65_536;
const longestWord = 64;
const mostSections = 1_000;
const mostCharacters = 50_000_000;

/** What the library's types leave out. */
interface Sections {
  splitter_unnormalized: { split(text: string): string[] };
  added_tokens_map: Map<string, { id: number; lstrip: boolean; rstrip: boolean }>;
  encode_text(text: string): string[];
}

/** An id, or undefined for a character that neither the vocabulary nor an unknown-token covers. */
type Id = number | undefined;

/**
 * The ids of a text without what a post-processor adds, as the library's `encode` makes them, word by word and section
 * by section (what stands between two added tokens). Conversations repeat both, and share them with their own prompts, so
 * those that were met lately are kept: each is a function of its text alone.
 */
export function createSectionIds(hub: HubTokenizer): (text: string) => Id[] {
  const { splitter_unnormalized: splitter, added_tokens_map: added } = hub as unknown as Sections;
  const words = new Map<string, string[]>();
  const sections = { first: new Map<string, Id[]>(), later: new Map<string, Id[]>() };
  const place = cacheWords(hub, words);
  let characters = 0;

  const idsOfSection = (section: string, index: number): Id[] => {
    // A blank may go before the first section alone.
    const cache = index === 0 ? sections.first : sections.later;
    const known = cache.get(section);
    if (known) return known;
    place.index = index;
    try {
      const tokens = (hub as unknown as Sections).encode_text(section);
      const { tokens_to_ids: ids, unk_token_id: unknown } = hub.model!;
      const found = tokens.map(token => added.get(token)?.id ?? ids.get(token) ?? unknown);
      if (cache.size >= mostSections) cache.clear();
      cache.set(section, found);
      return found;
    } finally {
      place.index = undefined;
    }
  };

  return text => {
    characters += text.length;
    if (characters > mostCharacters) {
      characters = text.length;
      for (const cache of [words, sections.first, sections.later]) cache.clear();
    }
    const parts = splitter.split(text);
    // Loops by index: this is where most of the time goes that is left.
    for (let i = 0; i < parts.length; i++) {
      const token = added.get(parts[i]!);
      if (token?.lstrip && i > 0) parts[i - 1] = parts[i - 1]!.trimEnd();
      if (token?.rstrip && i < parts.length - 1) parts[i + 1] = parts[i + 1]!.trimStart();
    }
    const ids: Id[] = [];
    for (let i = 0; i < parts.length; i++) {
      const token = added.get(parts[i]!);
      if (token) ids.push(token.id);
      else {
        const found = idsOfSection(parts[i]!, i);
        for (let k = 0; k < found.length; k++) ids.push(found[k]);
      }
    }
    return ids;
  };
}

/**
 * Lets the library look the tokens of words up in `words`. Gives the place of the section that it is asked for, which it
 * cannot know where that is handed over alone.
 */
function cacheWords(hub: HubTokenizer, words: Map<string, string[]>): { index?: number } {
  const place: { index?: number } = {};
  const { model, pre_tokenizer: preTokenizer } = hub;
  if (!model) return place;
  const steps = preTokenizer ? flat(preTokenizer) : [];
  const firstBytes = steps.findIndex(step => step instanceof ByteLevelPreTokenizer);
  const tail = firstBytes < 0 ? [] : steps.slice(firstBytes);
  // Neighbouring words count where unknown ones are fused, and where a blank may go before the first word alone.
  const isByWord = model instanceof BPE && !model.fuse_unk && !tail.some(s => s instanceof MetaspacePreTokenizer);
  const splits = isByWord ? steps.slice(0, steps.length - tail.length) : steps;

  const tokensOf = (word: string): string[] => {
    const known = words.get(word);
    if (known) return known;
    const tokens = (model as BPE).encode(pieces(tail, word, 0));
    if (word.length > longestWord) return tokens;
    if (words.size >= mostWords) words.clear();
    words.set(word, tokens);
    return tokens;
  };
  // The library asks the one for the words of a text and hands them to the other.
  const split = (text: string, { section_index }: { section_index: number }) =>
    pieces(splits, text, place.index ?? section_index);
  const encode = (found: string[]) => {
    if (!isByWord) return model(found);
    const tokens: string[] = [];
    for (let i = 0; i < found.length; i++) {
      const own = tokensOf(found[i]!);
      for (let k = 0; k < own.length; k++) tokens.push(own[k]!);
    }
    return tokens;
  };
  hub.pre_tokenizer = split as unknown as PreTokenizer;
  hub.model = Object.setPrototypeOf(encode, model);
  return place;
}

function flat(step: PreTokenizer): PreTokenizer[] {
  return step instanceof SequencePreTokenizer ? step.tokenizers.flatMap(each => (each ? flat(each) : [])) : [step];
}

/** What steps split a text into, one after the other. */
function pieces(steps: readonly PreTokenizer[], text: string, section: number): string[] {
  let all = [text];
  for (const step of steps) {
    const next: string[] = [];
    for (const piece of all)
      for (const part of step.pre_tokenize_text(piece, { section_index: section })) next.push(part);
    all = next;
  }
  return all;
}
