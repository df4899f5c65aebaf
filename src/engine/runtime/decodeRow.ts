import type { BaseText } from '../../experiment/base.ts';
import type { TokenConstraint } from '../../nn/decode/constraint.ts';
import { createSampler, type Sampler } from '../../nn/decode/sample.ts';
import { type AnswerStream, createAnswerStream, type FinishReason } from '../../nn/decode/stream.ts';
import type { BaseConfig } from '../../nn/model/config.ts';
import type { FillPrompt } from '../../nn/tokenizer/fillPrompt.ts';
import { contextLengthCode, WorkbenchError } from '../../protocol/errors.ts';
import type { GenerationSettings } from '../../recipe/schema.ts';
import type { Weights } from './adapterBank.ts';

/** A prompt in tokens that is to be answered, as one row of a batch. */
export interface RowRequest {
  prompt: number[];
  /** Of a gap: what ends its answer beside the base's own stop tokens, and what counts as said before it. */
  fill?: Pick<FillPrompt, 'stopIds' | 'said'> | undefined;
  weights: Weights;
  settings: GenerationSettings;
  /** Special tokens that the answer's text has to show. */
  shownIds?: ReadonlySet<number> | undefined;
  onText?: ((delta: string) => void) | undefined;
  /** What the answer is held to. */
  constraint?: TokenConstraint | undefined;
  /** Told each token that is taken, before its text, with the logits [vocab] it was taken from. */
  onToken?: ((id: number, logits: Float32Array) => void) | undefined;
}

export interface GeneratedAnswer {
  text: string;
  finish: FinishReason;
  promptTokens: number;
  answerTokens: number;
}

/** A row while it is answered. */
export interface DecodeRow {
  request: RowRequest;
  weights: Weights;
  /** Every token so far, those of the prompt first. */
  history: number[];
  /** Tokens in its cache. */
  past: number;
  /** The token taken last, which the cache does not hold yet. */
  next: number;
  sampler: Sampler;
  stream: AnswerStream;
  answer: GeneratedAnswer;
}

/** Throws `badRequest` where the prompt leaves no room in the base's context. */
export function startRow(config: BaseConfig, { tokenizer, stopIds }: BaseText, request: RowRequest): DecodeRow {
  const { prompt, fill, weights, settings } = request;
  if (prompt.length >= config.maxLength) throw contextError(prompt.length, config.maxLength);
  return {
    request,
    weights,
    history: [...prompt],
    past: 0,
    next: 0,
    sampler: createSampler(settings),
    stream: createAnswerStream(tokenizer, {
      stopIds: fill ? [...stopIds, ...fill.stopIds] : stopIds,
      ...(fill && { said: fill.said }),
      stop: settings.stop,
      maxTokens: settings.maxTokens,
      contextLeft: config.maxLength - prompt.length,
      shownIds: request.shownIds,
    }),
    answer: { text: '', finish: 'length', promptTokens: prompt.length, answerTokens: 0 },
  };
}

/** Takes the next token from its logits [vocab], and hands its text on; false where the answer has ended with it. */
export function takeToken(row: DecodeRow, logits: Float32Array): boolean {
  const { constraint, onToken } = row.request;
  row.next = row.sampler(logits, row.history, constraint?.mask());
  constraint?.accept(row.next);
  onToken?.(row.next, logits);
  row.history.push(row.next);
  row.answer.answerTokens++;
  if (!handOn(row, row.stream.push(row.next))) return false;
  return !constraint?.isComplete || handOn(row, row.stream.end('stop'));
}

/** Ends an answer that nobody waits for any more, with what there is of it. */
export function cancelRow(row: DecodeRow): void {
  handOn(row, row.stream.end('cancelled'));
}

function handOn({ answer, request }: DecodeRow, delta: ReturnType<AnswerStream['push']>): boolean {
  answer.text += delta.text;
  if (delta.text) request.onText?.(delta.text);
  if (delta.finish) answer.finish = delta.finish;
  return delta.finish === undefined;
}

/** Tokens that a row's cache needs room for when it is answered to the end. */
export function roomOf({ prompt, settings }: RowRequest, { maxLength }: BaseConfig): number {
  return Math.min(prompt.length + settings.maxTokens, maxLength);
}

/** Tokens by which a cache grows. On the CPU every step copies the whole cache, free room included. */
export const roomStep = 64;

function contextError(tokens: number, maxLength: number): WorkbenchError {
  const message = `the prompt has ${tokens} tokens; the base's context holds ${maxLength} for prompt and answer`;
  return new WorkbenchError('badRequest', message, 'Shorten the prompt, or use a base with a longer context.', [
    { code: contextLengthCode, severity: 'error', where: 'prompt', message },
  ]);
}
