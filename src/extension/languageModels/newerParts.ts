import * as vscode from 'vscode';
import type { CompleteResult } from '../../protocol/engine/completing.ts';

/*
 * Parts of messages that newer editors have and the stable API does not declare, or not yet: they are looked up where
 * they would be.
 */

/** What a model thought. */
interface ThinkingPart {
  value: string | string[];
}

type Part = vscode.LanguageModelResponsePart;
type Create<P, Given extends unknown[]> = (new (...given: Given) => P) | undefined;

const parts = vscode as unknown as {
  LanguageModelThinkingPart?: Create<ThinkingPart, [string]>;
  LanguageModelDataPart?: Create<object, [Uint8Array, string]>;
};

/** Undefined where the editor has no such part. */
export function thinkingPart(text: string): Part | undefined {
  return parts.LanguageModelThinkingPart && (new parts.LanguageModelThinkingPart(text) as Part);
}

export function isThinking(value: unknown): value is ThinkingPart {
  return parts.LanguageModelThinkingPart !== undefined && value instanceof parts.LanguageModelThinkingPart;
}

/** What an answer took of the window, as the editor's chat reads it since 1.120; undefined where there is no such part. */
export function usagePart({ answers, promptTokens, cachedTokens }: CompleteResult): Part | undefined {
  const completionTokens = answers.reduce((sum, each) => sum + each.answerTokens, 0);
  const usage = {
    prompt_tokens: promptTokens,
    completion_tokens: completionTokens,
    total_tokens: promptTokens + completionTokens,
    prompt_tokens_details: { cached_tokens: cachedTokens },
  };
  const bytes = new TextEncoder().encode(JSON.stringify(usage));
  return parts.LanguageModelDataPart && (new parts.LanguageModelDataPart(bytes, 'usage') as Part);
}
