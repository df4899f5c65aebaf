import { WorkbenchError } from '../../protocol/errors.ts';
import { type ChatMessage, type ChatTemplate, renderChat, tokensOf } from './chatTemplate.ts';
import type { Tokenizer } from './tokenizer.ts';

/** The label of a token without loss (PyTorch's and PEFT's ignore index). */
export const ignoreLabel = -100;

export interface EncodeExampleOptions {
  /** In tokens; what is beyond it is cut off at the end. */
  maxLength: number;
  /** `answer`: the assistant's turns alone. `all`: every token. */
  lossOn: 'answer' | 'all';
}

export interface EncodedExample {
  /** `[length]` token ids. */
  ids: Int32Array;
  /** `[length]`, aligned with `ids` and not shifted: the id itself, or `ignoreLabel`. */
  labels: Int32Array;
  /** How many labels carry loss; 0 where truncation left nothing of the answer. */
  lossTokens: number;
  /** Tokens that were cut off at the end. */
  cut: number;
  /**
   * `tokens`: the prompt's tokens are a prefix of the whole text's tokens, which are used as they are.
   * `text`: a token would span the border between prompt and answer (or the template has no such border), so the pieces
   * are tokenized apart: at use, too, the model continues the tokens of the prompt alone.
   */
  boundary: 'tokens' | 'text';
}

/** Where in a rendered conversation the assistant speaks: `[start, end)` in characters. */
interface Span {
  start: number;
  end: number;
}

/**
 * A training example from a conversation, rendered by the code that renders prompts. A turn of the assistant carries
 * loss from where the generation prompt ends up to and with the token that ends the turn.
 * @throws WorkbenchError `badRequest` where the template refuses the messages, `unsupported` where it rewrites an answer
 *   so that it cannot be found again.
 */
export function encodeExample(
  tokenizer: Tokenizer,
  template: ChatTemplate,
  messages: readonly ChatMessage[],
  { maxLength, lossOn }: EncodeExampleOptions,
): EncodedExample {
  const text = renderChat(template, messages, { ...tokensOf(tokenizer), addGenerationPrompt: false });
  const spans = answerSpans(tokenizer, template, messages, text);
  const encode = (piece: string) => tokenizer.encode(piece, { addSpecialTokens: false });

  let ids = encode(text);
  // Borders between pieces, in tokens: start and end of each answer in turn.
  let borders: number[] = [];
  let boundary: EncodedExample['boundary'] = 'tokens';
  for (const { start, end } of spans) {
    const before = encode(text.slice(0, start));
    const through = encode(text.slice(0, end));
    if (!isPrefix(before, ids) || !isPrefix(through, ids)) {
      boundary = 'text';
      break;
    }
    borders.push(before.length, through.length);
  }
  if (boundary === 'text') {
    ids = [];
    borders = [];
    let at = 0;
    for (const cut of spans.flatMap(span => [span.start, span.end])) {
      ids.push(...encode(text.slice(at, cut)));
      borders.push(ids.length);
      at = cut;
    }
    ids.push(...encode(text.slice(at)));
  }

  const labels = new Int32Array(ids.length).fill(ignoreLabel);
  if (lossOn === 'all') labels.set(ids);
  else {
    for (let b = 0; b < borders.length; b += 2) {
      for (let i = borders[b]!; i < borders[b + 1]!; i++) labels[i] = ids[i]!;
    }
  }
  const kept = labels.slice(0, maxLength);
  return {
    ids: Int32Array.from(ids.slice(0, maxLength)),
    labels: kept,
    lossTokens: kept.reduce((count, label) => count + (label === ignoreLabel ? 0 : 1), 0),
    cut: Math.max(0, ids.length - maxLength),
    boundary,
  };
}

/**
 * The text that closes an assistant's turn in this template (`<|im_end|>`, `</s>`), or undefined where the template
 * writes no special token there.
 */
export function endOfTurnToken(tokenizer: Tokenizer, template: ChatTemplate): string | undefined {
  const messages: ChatMessage[] = [
    { role: 'user', content: 'question' },
    { role: 'assistant', content: 'answer' },
  ];
  const text = renderChat(template, messages, { ...tokensOf(tokenizer), addGenerationPrompt: false });
  return specialTokenAt(tokenizer, text, text.lastIndexOf('answer') + 'answer'.length)?.token;
}

function answerSpans(
  tokenizer: Tokenizer,
  template: ChatTemplate,
  messages: readonly ChatMessage[],
  text: string,
): Span[] {
  const spans: Span[] = [];
  let searchFrom = 0;
  messages.forEach((message, i) => {
    if (message.role !== 'assistant') return;
    const tokens = tokensOf(tokenizer);
    const prompt = renderChat(template, messages.slice(0, i), { ...tokens, addGenerationPrompt: true });
    const hasPrompt = text.startsWith(prompt);
    const content = message.content.trim();
    const found = text.indexOf(content, hasPrompt ? prompt.length : searchFrom);
    if (found < 0) {
      throw new WorkbenchError(
        'unsupported',
        `The chat template does not write the assistant's message ${i + 1} as it is, so its tokens cannot be told from the prompt's.`,
        "Train with lossOn 'all', or use a base with another chat template.",
      );
    }
    const start = hasPrompt ? prompt.length : found;
    const contentEnd = found + content.length;
    const close = specialTokenAt(tokenizer, text, contentEnd);
    const upTo = renderChat(template, messages.slice(0, i + 1), { ...tokens, addGenerationPrompt: false });
    const turnEnd = text.startsWith(upTo) ? upTo.length : undefined;
    // Without a special token of its own the turn is closed by whatever the template writes before the next one.
    const end = close && close.end <= (turnEnd ?? text.length) ? close.end : (turnEnd ?? contentEnd);
    spans.push({ start, end });
    searchFrom = end;
  });
  return spans;
}

/** The special token at `at`, white space before it allowed (Llama 2 writes `answer </s>`). */
function specialTokenAt(tokenizer: Tokenizer, text: string, at: number): { token: string; end: number } | undefined {
  let start = at;
  while (start < text.length && text[start]!.trim() === '') start++;
  const token = tokenizer.specialTokens.find(each => text.startsWith(each, start));
  return token === undefined ? undefined : { token, end: start + token.length };
}

function isPrefix(prefix: readonly number[], ids: readonly number[]): boolean {
  return prefix.length <= ids.length && prefix.every((id, i) => id === ids[i]);
}
