import { Random } from '../tensor/random.ts';
import type { CallSyntax } from '../tokenizer/callSyntax.ts';
import type { ReasoningSyntax } from '../tokenizer/reasoningSyntax.ts';
import { createReasoningStream } from './reasoningStream.ts';
import { createToolCallStream, type PartStream } from './toolCallStream.ts';

/** What is looked for in an answer. */
export interface AnswerPartsOptions {
  reasoning?: ReasoningSyntax | undefined;
  calls?: CallSyntax | undefined;
  /** Names of those that may be called. */
  tools?: ReadonlySet<string> | undefined;
  /** The prompt's text: it may end with the opening mark of reasoning. */
  prompt: string;
  /** Of the answer: its calls get their ids by it. */
  seed: number;
}

/** Reasoning, words and calls of one answer, as its text comes. */
export function createAnswerParts({ reasoning, calls, tools, prompt, seed }: AnswerPartsOptions): PartStream {
  const thoughts = reasoning && createReasoningStream(reasoning, prompt.trimEnd().endsWith(reasoning.open));
  const found = calls && createToolCallStream(calls, callIds(`${seed} ${prompt}`, calls.hasShortIds), tools);
  const words: PartStream = {
    push: text => (text === '' ? [] : (found?.push(text) ?? [{ kind: 'text', text }])),
    flush: () => found?.flush() ?? [],
  };
  if (!thoughts) return words;
  const inWords = (parts: ReturnType<PartStream['push']>) =>
    parts.flatMap(part => (part.kind === 'text' ? words.push(part.text) : [part]));
  return {
    push: text => inWords(thoughts.push(text)),
    flush: () => [...inWords(thoughts.flush()), ...words.flush()],
  };
}

const letters = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';

/** Ids of calls: others for another conversation, the same ones for the same. */
function callIds(of: string, isShort: boolean): () => string {
  // FNV-1a.
  let hash = 0x811c9dc5;
  for (let i = 0; i < of.length; i++) hash = Math.imul(hash ^ of.charCodeAt(i), 0x01000193);
  const random = new Random(hash);
  const word = (length: number) =>
    Array.from({ length }, () => letters[random.integer(0, letters.length - 1)]).join('');
  return () => (isShort ? word(9) : `call_${word(24)}`);
}
