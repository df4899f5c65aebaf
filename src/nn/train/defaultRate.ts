import type { Architecture } from '../model/architectures.ts';
import type { BaseConfig } from '../model/config.ts';

/** Rate of full fine-tuning at a width of 2000, and how many times that LoRA takes. */
const fullRate = 5e-5;
const loraMultiple = 10;
const referenceWidth = 2000;

/** How fast the best rate falls with the width. */
const llamaExponent = 0.781;
const exponents: Partial<Record<Architecture, number>> = { qwen2: 0.0775, qwen3: 0.0775 };

/**
 * Peak learning rate of LoRA on a base that nobody has measured: 5e-5 · 10 · (2000 / width)^e, with two significant digits,
 * so that who writes down the number that is shown trains in the same bits. e is 0.781 for Llama and 0.0775 for Qwen, as
 * fitted by Thinking Machines ("LoRA Without Regret", Schulman et al. 2025, https://thinkingmachines.ai/blog/lora/; `get_lr`
 * of tinker-cookbook's hyperparam_utils.py, commit e1024a4). Later versions of that file hold a table of single models in its
 * place, with rates up to twice as high at a width of 2048 and batches of 128.
 *
 * What is assumed: factors on every linear layer scaled by alpha / rank with alpha 32, A initialised as PEFT does it, one
 * rate for A and B, and more than a hundred steps. The best rate is then near independent of the rank. Here alpha is 32 by
 * default and the scaling alpha / rank too; another alpha, or rsLoRA, is not made up for. Families that were not fitted take
 * Llama's exponent: for them, and for widths below 2000, the rule is an extrapolation.
 */
export function defaultLearningRate({ architecture, dim }: Pick<BaseConfig, 'architecture' | 'dim'>): number {
  const exponent = exponents[architecture] ?? llamaExponent;
  return Number((fullRate * loraMultiple * (referenceWidth / dim) ** exponent).toPrecision(2));
}
