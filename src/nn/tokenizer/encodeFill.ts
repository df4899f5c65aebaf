import { type EncodedExample, type EncodeExampleOptions, ignoreLabel } from './encodeExample.ts';
import { fillPrompt, type Gap, middleIds } from './fillPrompt.ts';
import type { Tokenizer } from './tokenizer.ts';

/** Of `maxLength`, what the prompt keeps of a middle that is too long. */
const promptShare = 1 / 2;

/**
 * A gap and what fills it, by the code that makes prompts of gaps: of the tokens the middle's carry loss, with the one
 * that ends it. Where `maxLength` is not enough, prefix and suffix are cut as they are at use, so that the middle stays.
 * @throws WorkbenchError `unsupported` for a base without tokens for that.
 */
export function encodeFill(
  tokenizer: Tokenizer,
  gap: Gap & { middle: string },
  { maxLength, lossOn }: Pick<EncodeExampleOptions, 'maxLength' | 'lossOn'>,
): EncodedExample {
  const { ids: middle, isEnded } = middleIds(tokenizer, gap.middle);
  const room = Math.max(maxLength - middle.length, Math.floor(maxLength * promptShare));
  const { ids: prompt } = fillPrompt(tokenizer, gap, room);
  const all = [...prompt, ...middle];
  const ids = Int32Array.from(all.slice(0, maxLength));
  const labels = ids.slice();
  if (lossOn === 'answer') labels.fill(ignoreLabel, 0, prompt.length);
  return {
    ids,
    labels,
    lossTokens: lossOn === 'all' ? ids.length : Math.max(0, ids.length - prompt.length),
    cut: Math.max(0, all.length - maxLength),
    learned: { first: lossOn === 'all' ? 0 : prompt.length, end: all.length },
    boundary: 'text',
    isEnded,
    isPromptOfUse: true,
    lostReasoning: 0,
  };
}
