import { WorkbenchError } from '../../protocol/errors.ts';
import { answerSpans, type LostAnswer } from './answerSpans.ts';
import { type ChatMessage, type ChatTemplate, type RenderOptions, renderChat, tokensOf } from './chatTemplate.ts';
import type { Tokenizer } from './tokenizer.ts';
import { checkCalls, checkTools } from './toolSupport.ts';

/** The label of a token without loss (PyTorch's and PEFT's ignore index). */
export const ignoreLabel = -100;

export interface EncodeExampleOptions {
  /** In tokens; what is beyond it is cut off at the end. */
  maxLength: number;
  /** `answer`: the assistant's turns alone. `all`: every token. */
  lossOn: 'answer' | 'all';
  /** Whether experts think before they answer at use. Default false. */
  thinking?: boolean;
  /** Schemas of the functions that may be called. */
  tools?: RenderOptions['tools'];
}

/** A message of a conversation to learn from. */
export interface LearnedMessage extends ChatMessage {
  /** 0 for an answer that carries no loss. Default 1. */
  weight?: 0 | 1;
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
  /** The first token with loss and the one past the last, before anything was cut; both 0 where there is none. */
  learned: { first: number; end: number };
  /**
   * `tokens`: the prompt's tokens are a prefix of the whole text's tokens, which are used as they are.
   * `text`: a token would span the border between prompt and answer (or the template has no such border), so the pieces
   * are tokenized apart: at use, too, the model continues the tokens of the prompt alone.
   */
  boundary: 'tokens' | 'text';
  /** Whether a special token ends the last answer: an expert that never sees one never learns to stop. */
  isEnded: boolean;
  /** Whether the prompt at use is what stands before the last answer here. */
  isPromptOfUse: boolean;
  /** Answers whose reasoning the template leaves out. */
  lostReasoning: number;
}

/**
 * A training example from a conversation, rendered by the code that renders prompts. A turn of the assistant carries
 * loss from where the generation prompt ends up to and with the token that ends the turn.
 * @throws WorkbenchError `badRequest` where the template refuses the messages, `unsupported` where it cannot be told
 *   where an answer stands in its text, or it knows no tools.
 */
export function encodeExample(
  tokenizer: Tokenizer,
  template: ChatTemplate,
  messages: readonly LearnedMessage[],
  { maxLength, lossOn, thinking = false, tools }: EncodeExampleOptions,
): EncodedExample {
  const options = { ...tokensOf(tokenizer), specialTokens: tokenizer.specialTokens, thinking, ...(tools && { tools }) };
  checkTools(template, messages, options);
  const text = renderChat(template, messages, { ...options, addGenerationPrompt: false });
  const found = answerSpans(template, messages, text, options);
  if (!Array.isArray(found) && lossOn === 'answer') throw lostAnswer(found);
  const spans = Array.isArray(found) ? found : [];
  for (const { message, start, end } of spans)
    if (messages[message]!.toolCalls) checkCalls(messages[message]!, text.slice(start, end));
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
      for (const id of encode(text.slice(at, cut))) ids.push(id);
      borders.push(ids.length);
      at = cut;
    }
    for (const id of encode(text.slice(at))) ids.push(id);
  }

  const labels = new Int32Array(ids.length).fill(ignoreLabel);
  if (lossOn === 'all') labels.set(ids);
  for (const [s, { message }] of spans.entries()) {
    const [start, end] = [borders[2 * s]!, borders[2 * s + 1]!];
    if (messages[message]!.weight === 0) labels.fill(ignoreLabel, start, end);
    else labels.set(ids.slice(start, end), start);
  }
  const kept = labels.slice(0, maxLength);
  return {
    ids: Int32Array.from(ids.slice(0, maxLength)),
    labels: kept,
    lossTokens: countLearned(kept),
    cut: Math.max(0, ids.length - maxLength),
    learned: learnedRange(labels),
    boundary,
    isEnded: spans.at(-1)?.isEnded ?? true,
    isPromptOfUse: spans.at(-1)?.isPromptOfUse ?? true,
    lostReasoning: spans.filter(s => !s.hasReasoning).length,
  };
}

/** A text that is learned whole: as the tokenizer encodes texts, with the EOS token behind it where there is one. */
export function encodeText(
  tokenizer: Tokenizer,
  text: string,
  { maxLength }: Pick<EncodeExampleOptions, 'maxLength'>,
): EncodedExample {
  const all = tokenizer.encode(text);
  const end = tokenizer.eosToken === undefined ? undefined : tokenizer.idOf(tokenizer.eosToken);
  if (end !== undefined && all.at(-1) !== end) all.push(end);
  const ids = Int32Array.from(all.slice(0, maxLength));
  return {
    ids,
    labels: ids.slice(),
    lossTokens: ids.length,
    cut: Math.max(0, all.length - maxLength),
    learned: { first: 0, end: all.length },
    boundary: 'tokens',
    isEnded: end !== undefined,
    isPromptOfUse: true,
    lostReasoning: 0,
  };
}

function learnedRange(labels: Int32Array): { first: number; end: number } {
  let first = 0;
  let end = labels.length;
  while (first < end && labels[first] === ignoreLabel) first++;
  if (first === end) return { first: 0, end: 0 };
  while (labels[end - 1] === ignoreLabel) end--;
  return { first, end };
}

// Loops, here and below: calls for each token were a tenth of the time.
function countLearned(labels: Int32Array): number {
  let count = 0;
  for (let i = 0; i < labels.length; i++) if (labels[i] !== ignoreLabel) count++;
  return count;
}

function lostAnswer({ message, times }: LostAnswer): WorkbenchError {
  const what =
    times > 1
      ? `writes the assistant's message ${message + 1} ${times} times`
      : `does not write the assistant's message ${message + 1} in a place of its own`;
  return new WorkbenchError(
    'unsupported',
    `The chat template ${what}, so its tokens cannot be told from the prompt's.`,
    "Train with lossOn 'all', or use a base with another chat template.",
  );
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
  const options = { ...tokensOf(tokenizer), specialTokens: tokenizer.specialTokens };
  const text = renderChat(template, messages, { ...options, addGenerationPrompt: false });
  const spans = answerSpans(template, messages, text, options);
  if (!Array.isArray(spans) || !spans[0]?.isEnded) return undefined;
  const answer = text.slice(0, spans[0].end).trimEnd();
  return tokenizer.specialTokens.find(token => answer.endsWith(token));
}

function isPrefix(prefix: readonly number[], ids: readonly number[]): boolean {
  if (prefix.length > ids.length) return false;
  for (let i = 0; i < prefix.length; i++) if (prefix[i] !== ids[i]) return false;
  return true;
}
