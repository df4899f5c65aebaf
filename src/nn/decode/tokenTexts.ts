import type { Tokenizer } from '../tokenizer/tokenizer.ts';
import { createDetokenizer } from './detokenize.ts';

/** A text cut at its tokens, special ones among them; half a character comes with its second half. */
export function tokenTexts(tokenizer: Tokenizer, ids: ArrayLike<number>): string[] {
  const detokenizer = createDetokenizer(tokenizer, { skipSpecialTokens: false });
  const texts = Array.from(ids, id => detokenizer.push(id));
  const rest = detokenizer.flush();
  return texts.map((text, i) => (i === texts.length - 1 ? text + rest : text));
}
