import { cleanUpCut, cleanUpSpaces } from '../tokenizer/cleanUp.ts';
import type { Tokenizer } from '../tokenizer/tokenizer.ts';

/** Turns ids into text as they come. The deltas together are `decode` of all ids. */
export interface Detokenizer {
  /** The text that has become certain with this id; may be empty. */
  push(id: number): string;
  /** The text that was held back. Nothing may be pushed afterwards. */
  flush(): string;
}

const replacementCharacter = '\ufffd';
// The window is decoded anew for each token, so its length bounds what one token costs.
const windowLimit = 48;
const windowKept = 16;

/**
 * @param options.skipSpecialTokens leaves out BOS, end-of-turn tokens and the like. Default true.
 * @param options.said tokens that stand before, whose text is not given: some decoders strip a blank from the front of a text.
 * @param options.shownIds special tokens that are part of the text all the same.
 */
export function createDetokenizer(
  tokenizer: Tokenizer,
  {
    skipSpecialTokens = true,
    said = [],
    shownIds,
  }: {
    skipSpecialTokens?: boolean;
    said?: readonly number[] | undefined;
    shownIds?: ReadonlySet<number> | undefined;
  } = {},
): Detokenizer {
  const decode = (ids: number[]) => tokenizer.decode(ids, { cleanUp: false });
  let window = [...said];
  let text = window.length > 0 ? decode(window) : '';
  // Characters of `text` that were emitted, counted before the clean-up of spaces, which works on each delta.
  let emitted = text.length;

  const emit = (end: number): string => {
    if (end <= emitted) return '';
    const delta = text.slice(emitted, end);
    emitted = end;
    return tokenizer.cleansUpSpaces ? cleanUpSpaces(delta) : delta;
  };

  /** Drops ids from the front of the window where the rest decodes to the same text without them. */
  const shorten = () => {
    const at = window.length - windowKept;
    const tail = decode(window.slice(at));
    const dropped = text.length - tail.length;
    // The rest must start with a character of its own: a byte order mark or half a character may read otherwise alone.
    if (dropped > emitted || tail === '' || tail.startsWith(replacementCharacter)) return;
    const head = decode(window.slice(0, at));
    // Some decoders strip one blank from the front of a text.
    if (text !== head + tail && text !== `${head} ${tail}`) return;
    window = window.slice(at);
    text = tail;
    emitted -= dropped;
  };

  return {
    push(id) {
      if (skipSpecialTokens && tokenizer.specialIds.has(id) && !shownIds?.has(id)) return '';
      window.push(id);
      text = decode(window);
      // An unfinished UTF-8 sequence decodes to one replacement character, and everything before it is certain.
      const end = text.endsWith(replacementCharacter) ? text.length - 1 : text.length;
      const delta = emit(tokenizer.cleansUpSpaces ? cleanUpCut(text, end) : end);
      if (window.length > windowLimit) shorten();
      return delta;
    },
    flush: () => emit(text.length),
  };
}

/** The texts of tokens, special ones included; a character of several tokens comes with the last of them. */
export function tokenTexts(tokenizer: Tokenizer, ids: ArrayLike<number>): string[] {
  const detokenizer = createDetokenizer(tokenizer, { skipSpecialTokens: false });
  const texts = Array.from(ids, id => detokenizer.push(id));
  const rest = detokenizer.flush();
  return texts.map((text, i) => (i === texts.length - 1 ? text + rest : text));
}
