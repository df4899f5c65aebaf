import { WorkbenchError } from '../protocol/errors.ts';

export interface BlendScore {
  expert: string;
  /** On the questions the blend is for, 0 to 1. */
  score: number;
}

/**
 * Blend weights from evaluated scores: each expert's gain over the base, as a share of all gains,
 *
 *   wᵢ = max(0, scoreᵢ − base) / Σⱼ max(0, scoreⱼ − base)
 *
 * They sum to 1. An expert no better than the base gets 0; where none is better, all get 0, which is the base. Gains and
 * not plain scores, because what every system can do without an expert says nothing about the experts.
 * @throws WorkbenchError `badRequest` for a score that is not a number from 0 to 1.
 */
export function performanceBlend(scores: readonly BlendScore[], baseScore: number): Record<string, number> {
  for (const { expert, score } of [...scores, { expert: 'base', score: baseScore }]) {
    if (!(score >= 0 && score <= 1)) {
      throw new WorkbenchError('badRequest', `The score of ${expert} must be from 0 to 1, got ${score}.`);
    }
  }
  const gains = scores.map(({ expert, score }) => [expert, Math.max(0, score - baseScore)] as const);
  const total = gains.reduce((sum, [, gain]) => sum + gain, 0);
  return Object.fromEntries(gains.map(([expert, gain]) => [expert, total === 0 ? 0 : gain / total]));
}
