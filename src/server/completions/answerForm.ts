import { randomUUID } from 'node:crypto';
import type { CompleteProgress, CompleteResult, TokenLogprob } from '../../protocol/engine/completing.ts';
import { beyondText } from '../../text/route.ts';

/** How an API writes answers. A call may hold several prompts, each of which is one request of the engine. */
export interface AnswerForm {
  /** All at once, in the order of the prompts. */
  whole(results: CompleteResult[]): unknown;
  /** Events of a stream, in their order. */
  begin(): unknown[];
  piece(told: CompleteProgress, prompt: number): unknown[];
  /** The end of a prompt's answers. */
  end(result: CompleteResult, prompt: number): unknown[];
  /** When all have ended. */
  close(results: CompleteResult[]): unknown[];
}

/** What OpenAI's answers begin with. */
export function answerHead(kind: 'chatcmpl' | 'cmpl', object: string, model: string) {
  const created = Math.floor(Date.now() / 1000);
  return { id: `${kind}-${randomUUID().replaceAll('-', '')}`, object, created, model };
}

/** Tokens of a call, in OpenAI's form. */
export function usageOf(results: readonly CompleteResult[]) {
  const sum = (of: (result: CompleteResult) => number) => results.reduce((total, result) => total + of(result), 0);
  const prompt = sum(result => result.promptTokens);
  const completion = sum(completionTokens);
  return {
    prompt_tokens: prompt,
    completion_tokens: completion,
    total_tokens: prompt + completion,
    prompt_tokens_details: { cached_tokens: sum(result => result.cachedTokens) },
  };
}

export function completionTokens({ answers }: CompleteResult): number {
  return answers.reduce((total, answer) => total + answer.answerTokens, 0);
}

/** Who answered, which OpenAI's form has no place for. */
export function answeredBy({ weights, route }: CompleteResult) {
  const { abstained, beyond } = route ?? {};
  return { multi_lora: { weights, ...(route && { abstained }), ...(beyond && { hint: beyondText(beyond) }) } };
}

/** JSON has no infinity; this is what vLLM says of a token that cannot be. */
export function finite(logprob: number): number {
  return Math.max(logprob, -9999);
}

export type Logprobs = readonly TokenLogprob[] | undefined;
