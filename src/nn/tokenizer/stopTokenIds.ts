import type { ChatTemplate } from './chatTemplate.ts';
import { endOfTurnToken } from './encodeExample.ts';
import { type Tokenizer, tokenText } from './tokenizer.ts';

/**
 * The ids that end an answer: `eos_token_id` of `generation_config.json` (one or a list), the tokenizer's EOS token, and
 * the token that ends a turn in the chat template, which experts are trained to write even where the base's files do
 * not name it. In the order found, without repeats.
 */
export function stopTokenIds(
  generationConfig: { eos_token_id?: unknown },
  tokenizerConfig: { eos_token?: unknown },
  tokenizer: Tokenizer,
  template?: ChatTemplate,
): number[] {
  const ids = new Set<number>();
  for (const id of [generationConfig.eos_token_id].flat()) if (Number.isInteger(id)) ids.add(id as number);
  const tokens = [tokenText(tokenizerConfig.eos_token), template && endOfTurnToken(tokenizer, template)];
  for (const token of tokens) {
    const id = token === undefined ? undefined : tokenizer.idOf(token);
    if (id !== undefined) ids.add(id);
  }
  return [...ids];
}
