import { type FillPrompt, fillPrompt, type Gap } from '../../nn/tokenizer/fillPrompt.ts';
import type { GenerationSettings } from '../../recipe/schema.ts';
import type { Model } from './model.ts';

/** The prompt of a gap; at most half of the window is kept for the answer. Throws `unsupported` for a base without tokens for that. */
export function fillGap(
  { base }: Pick<Model, 'base'>,
  gap: Gap,
  { maxTokens }: Pick<GenerationSettings, 'maxTokens'>,
): FillPrompt {
  const { maxLength } = base.config;
  return fillPrompt(base.text().tokenizer, gap, maxLength - Math.min(maxTokens, Math.floor(maxLength / 2)));
}
