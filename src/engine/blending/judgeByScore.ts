import type { WorkWatch } from '../../experiment/workWatch.ts';
import { evolutionStrategy } from '../../nn/blend/evolutionStrategy.ts';
import type { ScorerName } from '../../protocol/scorer.ts';
import type { GenerationSettings } from '../../recipe/schema.ts';
import { answerSet, type HeldOutItem, modelAnswerer } from '../evaluation/answerSet.ts';
import type { Model } from '../runtime/model.ts';
import { meanCost, type WeightJudge } from './weightJudge.ts';

export interface ScoreJudgeOptions {
  /** With the experts in its bank. */
  model: Model;
  experts: string[];
  items: HeldOutItem[];
  scorer: ScorerName;
  settings: GenerationSettings;
  /** Prompts that are answered together. */
  batchSize: number;
  evaluations: number;
  watch: WorkWatch & { signal: AbortSignal };
}

/**
 * Weights by scored answers: a wrong answer costs 1. The search knows no gradient. Answers that were scored once, of the same
 * weights, are not asked for again.
 */
export function judgeByScore(o: ScoreJudgeOptions): WeightJudge {
  const { model, experts, items, scorer, settings, watch } = o;
  const answerer = modelAnswerer(model);
  const counts = items.map(() => 1);
  const known = new Map<string, (number | undefined)[]>();
  const costs: WeightJudge['costs'] = async (weights, places) => {
    const key = weights.join(' ');
    const scored = known.get(key) ?? items.map(() => undefined);
    known.set(key, scored);
    const missing = places.filter(i => scored[i] === undefined);
    const table = Object.fromEntries(experts.map((name, i) => [name, weights[i]!]));
    const set = { set: { scorer }, items: missing.map(i => items[i]!) };
    // Of a search, the tries are told.
    const { signal } = watch;
    const answers = await answerSet(answerer, set, () => table, settings, o.batchSize, { signal });
    for (const [at, { correct }] of answers.entries()) scored[missing[at]!] = correct ? 0 : 1;
    return places.map(i => scored[i]!);
  };
  return {
    experts: experts.length,
    counts,
    evaluations: o.evaluations,
    costs,
    search(places, start, random) {
      const own = places.map(i => counts[i]!);
      let done = 0;
      return evolutionStrategy(
        async weights => {
          const cost = meanCost(await costs(weights, places), own);
          // The start's answers are known.
          watch.progress?.(Math.min(done++, o.evaluations), o.evaluations);
          return cost;
        },
        start,
        o.evaluations,
        random,
      );
    },
    dispose: async () => {},
  };
}
