import type { BaseText } from '../../experiment/base.ts';
import { canThink, promptIds } from '../../nn/tokenizer/chatTemplate.ts';
import { type FittedPrompt, fitContext } from '../../nn/tokenizer/fitContext.ts';
import type { AskRequest } from '../../protocol/engine/asking.ts';
import type { GenerationSettings } from '../../recipe/schema.ts';

/** What a prompt is written for. */
export interface PromptReader {
  text: BaseText;
  /** Tokens of the window. */
  maxLength: number;
  settings: GenerationSettings;
}

/** Whether the model is asked to reason before it answers. */
export function thinks({ text: { tokenizer, chatTemplate }, settings }: PromptReader): boolean {
  return settings.thinking && canThink(tokenizer, chatTemplate);
}

/** Fits a prompt with what goes with it to the window; at most half of it is kept for the answer. */
export function fitPrompt(
  { text: { tokenizer, chatTemplate }, maxLength, settings }: PromptReader,
  { prompt, history }: AskRequest,
  pieces: NonNullable<AskRequest['context']>,
): FittedPrompt {
  return fitContext(
    { question: prompt, pieces, history },
    { window: maxLength, answer: Math.min(settings.maxTokens, maxLength / 2) },
    {
      text: text => tokenizer.encode(text, { addSpecialTokens: false }).length,
      conversation: turns => promptIds(tokenizer, chatTemplate, turns, settings.thinking).length,
    },
  );
}
