import type { Example } from '../../data/example.ts';
import type { BaseText } from '../../experiment/base.ts';
import { encodeByForm } from '../../nn/tokenizer/encodeByForm.ts';
import type { LearnedExample } from '../../nn/tokenizer/learningProblems.ts';
import { type ErrorCode, WorkbenchError } from '../../protocol/errors.ts';
import type { GenerationSettings, TrainingSettings } from '../../recipe/schema.ts';

export type EncodingSettings = Pick<TrainingSettings, 'maxLength' | 'lossOn'> & Pick<GenerationSettings, 'thinking'>;

/** Examples in tokens, end to end, as threads hand them over and files keep them. */
export interface EncodedExamples {
  /** `[examples, numbersPerExample]`: see headOf. */
  heads: Int32Array;
  /** `[tokens]` of all examples. */
  ids: Int32Array;
  /** `[tokens]`, −100 where nothing is learned. */
  labels: Int32Array;
}

/** Numbers of an example beside its tokens. */
export const numbersPerExample = 7;

/** An example that the base's chat template cannot write; `index` is its place among those that were encoded together. */
export interface RefusedExample {
  index: number;
  code: ErrorCode;
  message: string;
  hint?: string;
}

/** An example in tokens, with what of it is learned. */
export interface TokenizedExample extends Omit<LearnedExample, 'line'> {
  ids: Int32Array;
  labels: Int32Array;
  lossTokens: number;
}

/** What of an example its tokens follow from. */
export type Conversation = Pick<Example, 'messages' | 'isText' | 'fill' | 'tools'>;

/** Encodes examples one by one. A refused one has no tokens. Throws `badFile` where the base's own files are wrong. */
export function* encodeEach(
  base: Pick<BaseText, 'tokenizer' | 'chatTemplate'>,
  examples: readonly Conversation[],
  settings: EncodingSettings,
): Generator<TokenizedExample | RefusedExample> {
  for (const [index, example] of examples.entries()) {
    try {
      const encoded = encodeByForm(base, example, settings);
      const { ids, labels, lossTokens, learned, isEnded, isPromptOfUse, lostReasoning } = encoded;
      yield { ids, labels, lossTokens, learned, isEnded, isPromptOfUse, lostReasoning };
    } catch (error) {
      if (!(error instanceof WorkbenchError) || error.code === 'badFile') throw error;
      yield { index, code: error.code, message: error.message, ...(error.hint && { hint: error.hint }) };
    }
  }
}

export function isRefused(encoded: TokenizedExample | RefusedExample): encoded is RefusedExample {
  return 'code' in encoded;
}

export function joinExamples(examples: readonly TokenizedExample[]): EncodedExamples {
  const tokens = examples.reduce((sum, e) => sum + e.ids.length, 0);
  const joined: EncodedExamples = {
    heads: new Int32Array(examples.length * numbersPerExample),
    ids: new Int32Array(tokens),
    labels: new Int32Array(tokens),
  };
  let at = 0;
  for (const [i, example] of examples.entries()) {
    joined.heads.set(headOf(example), i * numbersPerExample);
    joined.ids.set(example.ids, at);
    joined.labels.set(example.labels, at);
    at += example.ids.length;
  }
  return joined;
}

function headOf({ ids, lossTokens, learned, isEnded, isPromptOfUse, lostReasoning }: TokenizedExample): number[] {
  return [ids.length, lossTokens, learned.first, learned.end, Number(isEnded), Number(isPromptOfUse), lostReasoning];
}

/** The examples of joinExamples; their tokens are views. */
export function* splitExamples({ heads, ids, labels }: EncodedExamples): Generator<TokenizedExample> {
  let at = 0;
  for (let i = 0; i < heads.length; i += numbersPerExample) {
    const [length, lossTokens, first, end, isEnded, isPromptOfUse, lostReasoning] = heads.subarray(
      i,
      i + numbersPerExample,
    ) as unknown as [number, number, number, number, number, number, number];
    yield {
      ids: ids.subarray(at, at + length),
      labels: labels.subarray(at, at + length),
      lossTokens,
      learned: { first, end },
      isEnded: isEnded === 1,
      isPromptOfUse: isPromptOfUse === 1,
      lostReasoning,
    };
    at += length;
  }
}
