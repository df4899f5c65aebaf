import { createHash } from 'node:crypto';
import { type Base, hashBase } from '../../experiment/base.ts';
import { checkFitPlace } from '../../experiment/checkResults.ts';
import type { Experiment } from '../../experiment/experiment.ts';
import type { Adapter } from '../../nn/lora/adapter.ts';
import { compressed, spectraOf } from '../../nn/merge/compress.ts';
import { mergeError, type RelativeError, type WeightedAdapter } from '../../nn/merge/mergeError.ts';
import type { Arithmetic } from '../../protocol/arithmetic.ts';
import type { Call } from '../../protocol/contract.ts';
import type { WorkProgress } from '../../protocol/engine/source.ts';
import { WorkbenchError } from '../../protocol/errors.ts';
import type { MergeFit } from '../../protocol/mergeFit.ts';
import type { FittedMethod } from '../../protocol/mergeMethod.ts';
import { fittedMergeProblem } from '../../recipe/checkRecipe.ts';
import { distilledRank, fittedExamples, type MergeSettings } from '../../recipe/schema.ts';
import { trainingSettingsOf } from '../../recipe/settings.ts';
import { chooseArithmetic } from '../training/chooseArithmetic.ts';
import { roundingMessage, trainingBase } from '../training/int8Base.ts';
import { watchFor } from '../workbench/request.ts';
import { distill } from './distill.ts';
import { drawExamples } from './drawExamples.ts';
import { type FittedPart, fitRegmean } from './fitRegmean.ts';
import { learnWeights } from './learnWeights.ts';

export interface FitMergeOptions {
  method: FittedMethod;
  options: MergeSettings;
  /** The recipe that the experts and their data are of. */
  experiment: Experiment;
  base: Base;
  weighted: WeightedAdapter[];
  threads: number;
  /** Bytes that the process may take; what is free without it. */
  memoryLimit?: number;
  /** Of the tokens of data, and of the base's codes for products in 8 bits. */
  cacheFolder: string;
  /** As in `chooseArithmetic`. */
  tell?: (note: string) => void;
  /** The merge's name in the recipe, by which its checkpoint is called. */
  name?: string;
}

export interface FittedMerge {
  adapter: Adapter;
  relativeError: RelativeError;
  fit: MergeFit;
  /** What the fit would go on from: not needed any more once the adapter is written. */
  checkpoint: string;
}

/** What is told meanwhile: so many of the texts, or steps, are done. */
const messages: Record<FittedMethod, string> = {
  regmean: 'reading texts',
  learned: 'learning weights',
  distilled: 'distilling',
};

/**
 * Merges a recipe's experts by a method that is fitted to examples of their data. One that takes steps leaves a checkpoint when
 * it is stopped, and when it is done, from which the same merge goes on to the same bits.
 *
 * @throws WorkbenchError `badRequest` where there is no data, and as the methods do
 */
export async function fitMerge(o: FitMergeOptions, call: Call<WorkProgress>): Promise<FittedMerge> {
  const { method, experiment, memoryLimit, threads, options } = o;
  const { rank, energy } = options;
  const parts = await fittedParts(o, call);
  const arithmetic = await fitArithmetic(experiment, o.base, parts, o);
  const base = await trainingBase(o.base, arithmetic, { ...o, ...watchFor(call, roundingMessage) });
  const watch = watchFor(call, messages[method]);
  const checkpoint = experiment.paths.fitCheckpoint(o.name, method);
  const fit = fitOptions(options, base, parts, experiment.recipe.seed);
  const run = async () => {
    await checkFitPlace(experiment.paths, checkpoint);
    const startWatch = watchFor(call, messages.regmean);
    return { watch, startWatch, threads, memoryLimit, place: { path: checkpoint, of: await sourceOf(o.base, parts) } };
  };
  const fits = {
    regmean: () => fitRegmean({ ...fit, threads, watch }),
    learned: async () => learnWeights(fit, await run()),
    distilled: async () => distill(fit, await run()),
  };
  const { adapter: whole, fit: told } = await fits[method]();
  const isCut = method !== 'distilled' && (rank !== undefined || energy !== undefined);
  const adapter = isCut ? compressed(whole, spectraOf(whole), { rank, energy }) : whole;
  const fitTold = arithmetic === 'int8' ? { ...told, arithmetic } : told;
  return { adapter, fit: fitTold, relativeError: mergeError(adapter, parts), checkpoint };
}

/** The experts that count, with examples of their data. Throws `badRequest` where there are none. */
async function fittedParts(
  {
    experiment,
    base,
    weighted,
    options,
    method,
    cacheFolder,
  }: Pick<FitMergeOptions, 'experiment' | 'base' | 'weighted' | 'options' | 'method' | 'cacheFolder'>,
  call: Call<WorkProgress>,
): Promise<FittedPart[]> {
  const weights = Object.fromEntries(weighted.map(({ adapter, weight }) => [adapter.name, weight]));
  const problem = fittedMergeProblem(experiment.recipe, weights);
  if (problem) throw new WorkbenchError('badRequest', problem);
  const parts: FittedPart[] = [];
  for (const part of weighted.filter(({ weight }) => weight !== 0)) {
    const watch = watchFor(call, 'tokenising the data');
    const count = options.examples ?? fittedExamples[method];
    const drawn = { expert: part.adapter.name, count, cacheFolder };
    parts.push({ ...part, examples: await drawExamples(experiment, base, drawn, watch) });
  }
  return parts;
}

/**
 * How the products with the base are computed while experts are merged: in 8 bits where a training that leaves it to the
 * machine would, unless one of the experts asks for F32.
 */
export function fitArithmetic(
  { recipe }: Experiment,
  base: Base,
  parts: readonly WeightedAdapter[],
  { threads, cacheFolder, tell }: Pick<FitMergeOptions, 'threads' | 'cacheFolder' | 'tell'>,
): Promise<Arithmetic> {
  const asked = parts.map(({ adapter: { name } }) => trainingSettingsOf(recipe, name).arithmetic);
  return chooseArithmetic({
    base,
    wished: asked.map(wish => (wish === 'float' ? wish : 'auto')),
    device: 'cpu',
    threads,
    cacheFolder,
    tell,
  });
}

/** What the methods read, each its own of it. */
export function fitOptions(settings: MergeSettings, base: Base, parts: FittedPart[], seed: number) {
  const { shrinkage, per, epochs, steps, rank = distilledRank } = settings;
  return { base, parts, seed, shrinkage, per, epochs, steps, rank, firstExamples: fittedExamples.regmean };
}

/** A hash of the base, as it is computed with, and of the experts' factors. */
export async function sourceOf(base: Base, parts: readonly WeightedAdapter[]): Promise<string> {
  const hash = createHash('sha256').update(`${await hashBase(base)} ${base.quantization ?? ''}`);
  for (const { adapter, weight } of parts)
    for (const [path, { A, B, scaling }] of adapter.modules)
      hash.update(`${path} ${A.rows} ${scaling} ${weight};`).update(A.data).update(B.data);
  return hash.digest('hex');
}
