import type { Base } from '../../experiment/base.ts';
import type { Experiment } from '../../experiment/experiment.ts';
import type { Adapter } from '../../nn/lora/adapter.ts';
import { compressed, spectraOf } from '../../nn/merge/compress.ts';
import { mergeError, type RelativeError, type WeightedAdapter } from '../../nn/merge/mergeError.ts';
import type { Call } from '../../protocol/contract.ts';
import type { MergeFit } from '../../protocol/engine/merging.ts';
import type { WorkProgress } from '../../protocol/engine/source.ts';
import { WorkbenchError } from '../../protocol/errors.ts';
import type { FittedMethod } from '../../protocol/mergeMethod.ts';
import { fittedMergeProblem } from '../../recipe/checkRecipe.ts';
import { distilledRank, fittedExamples, type MergeSettings } from '../../recipe/schema.ts';
import { watchFor } from '../workbench/request.ts';
import { distill } from './distill.ts';
import { drawExamples } from './drawExamples.ts';
import { type FittedPart, fitRegmean } from './fitRegmean.ts';
import { learnWeights } from './learnWeights.ts';

export interface FitMergeOptions {
  method: FittedMethod;
  options: MergeSettings;
  /** The recipe that the experts and their data are of. */
  experiment?: Experiment;
  base: Base;
  weighted: WeightedAdapter[];
  threads: number;
  /** Bytes that the process may take; what is free without it. */
  memoryLimit?: number;
}

export interface FittedMerge {
  adapter: Adapter;
  relativeError: RelativeError;
  fit: MergeFit;
}

/** What is told meanwhile: so many of the texts, or steps, are done. */
const messages: Record<FittedMethod, string> = {
  regmean: 'reading texts',
  learned: 'learning weights',
  distilled: 'distilling',
};

/** Merges a recipe's experts by a method that is fitted to examples of their data. Throws `badRequest` where there are none. */
export async function fitMerge(o: FitMergeOptions, call: Call<WorkProgress>): Promise<FittedMerge> {
  const { method, experiment, base, memoryLimit } = o;
  const { shrinkage, per, epochs, steps, rank, energy, examples: count = fittedExamples[method] } = o.options;
  if (!experiment)
    throw new WorkbenchError(
      'badRequest',
      `${method} is fitted to the experts' data, and folders of adapters have none`,
      'Write it as a merge of the recipe that trains them: multi-lora merge RECIPE NAME.',
    );
  const weights = Object.fromEntries(o.weighted.map(({ adapter, weight }) => [adapter.name, weight]));
  const problem = fittedMergeProblem(experiment.recipe, weights);
  if (problem) throw new WorkbenchError('badRequest', problem);
  const parts: FittedPart[] = [];
  for (const part of o.weighted.filter(({ weight }) => weight !== 0)) {
    const watch = watchFor(call, 'tokenising the data');
    parts.push({ ...part, examples: await drawExamples(experiment, base, part.adapter.name, count, watch) });
  }
  const { seed } = experiment.recipe;
  const fitting = { base, parts, threads: o.threads, watch: watchFor(call, messages[method]) };
  const fits = {
    regmean: () => fitRegmean({ ...fitting, shrinkage }),
    learned: () => learnWeights({ ...fitting, per, epochs, seed, memoryLimit }),
    distilled: () => {
      const start = { shrinkage, firstExamples: fittedExamples.regmean };
      return distill({ ...fitting, ...start, rank: rank ?? distilledRank, steps, seed, memoryLimit });
    },
  };
  const { adapter: whole, fit } = await fits[method]();
  const isCut = method !== 'distilled' && (rank !== undefined || energy !== undefined);
  const adapter = isCut ? compressed(whole, spectraOf(whole), { rank, energy }) : whole;
  return { adapter, fit, relativeError: mergeError(adapter, parts) };
}
