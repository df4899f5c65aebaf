import type { FillPrompt, Gap } from '../../nn/tokenizer/fillPrompt.ts';
import { type Conversation, toolPrompt } from '../../nn/tokenizer/toolPrompt.ts';
import type { GenerationSettings } from '../../recipe/schema.ts';
import { fillGap } from './fillGap.ts';
import type { Model } from './model.ts';

/** The prompt of a conversation, or of a gap in place of one, with the special tokens that its answer has to show. */
export function rowPrompt(
  model: Model,
  { gap, ...conversation }: Conversation & { gap?: Gap },
  settings: GenerationSettings,
): { prompt: number[]; fill?: FillPrompt; shownIds?: ReadonlySet<number> } {
  if (gap) {
    const fill = fillGap(model, gap, settings);
    return { prompt: fill.ids, fill };
  }
  const { tokenizer, chatTemplate } = model.base.text();
  const { prompt, calls } = toolPrompt(tokenizer, chatTemplate, conversation, settings.thinking);
  return { prompt, ...(calls && { shownIds: calls.specialIds }) };
}
