import { rm } from 'node:fs/promises';
import { resolve } from 'node:path';
import { fitMetadata, readAdapter, readOrigin, writeAdapter } from '../../experiment/adapterFiles.ts';
import { type Base, loadBase } from '../../experiment/base.ts';
import { baseFolder } from '../../experiment/baseFolder.ts';
import { checkOutputFolder, resultMark } from '../../experiment/checkOutput.ts';
import { checkNoLinks } from '../../experiment/checkResults.ts';
import { adapterFolder, type Experiment, mergeFolder, openExperiment } from '../../experiment/experiment.ts';
import { type LayerWatch, writeMergedBase } from '../../experiment/mergedBase.ts';
import { type Adapter, beyondFactors, checkAdapterFits, checkFitsBase } from '../../nn/lora/adapter.ts';
import { type AdapterOrigin, commonOrigin, originMetadata } from '../../nn/lora/adapterOrigin.ts';
import { mergeAdapters } from '../../nn/merge/merge.ts';
import { errorRatio, type WeightedAdapter } from '../../nn/merge/mergeError.ts';
import { squaredDeviation } from '../../nn/merge/mergeIntoBase.ts';
import type { BaseConfig } from '../../nn/model/config.ts';
import { linearLayers } from '../../nn/model/layout.ts';
import type { MergeRequest } from '../../protocol/engine/merging.ts';
import { WorkbenchError } from '../../protocol/errors.ts';
import { isFitted } from '../../protocol/mergeMethod.ts';
import { weightsProblem } from '../../recipe/checkRecipe.ts';
import { type MergeSettings, mergeSettings } from '../../recipe/schema.ts';
import { mergeDefaults, mergeWeightsOf } from '../../recipe/settings.ts';
import type { FittedMerge } from '../merging/fitMerge.ts';
import { openBase } from '../runtime/quantizedBase.ts';
import { type RequestHandler, watchFor } from '../workbench/request.ts';
import type { Workbench } from '../workbench/workbench.ts';

/** What a merge reads and writes, from a recipe's named merge or from the request itself. */
interface MergeJob {
  /** The recipe that it is of, which has the experts' data, and its name there. */
  experiment?: Experiment;
  name?: string;
  base: string;
  adapters: { path: string; name: string; weight: number }[];
  options: MergeSettings;
  out: string;
}

/** Combines adapters for good: into one adapter, or into a full copy of the base. */
export const handle: RequestHandler<'merge'> = async (workbench, request, call) => {
  const job = await jobOf(workbench, request);
  const { method } = job.options;
  // What is fitted is run through the base that the experts learned on, quantised where that was.
  const base = isFitted(method)
    ? await openBase(job.base, job.experiment?.recipe.quantization ?? 'none', workbench.cacheFolder, watchFor(call))
    : await loadBase(job.base, { cacheFolder: workbench.cacheFolder });
  const kind = request.intoBase ? 'model' : 'adapter';
  const sources = job.adapters.map(a => a.path);
  const check = () => checkOutputFolder(job.out, kind, base, sources);
  await check();
  const weighted = await readWeighted(
    base,
    job.adapters,
    workbench.tell,
    request.intoBase && !isFitted(method) ? checkFitsBase : checkFitsLayers,
  );
  let fitted: FittedMerge | undefined;
  if (isFitted(method)) {
    // Other merges need no runtime, and do not load it.
    const { fitMerge } = await import('../merging/fitMerge.ts');
    const { threads, memoryLimit, cacheFolder, tell } = workbench;
    // Of folders without a recipe it has been refused.
    const experiment = job.experiment!;
    fitted = await fitMerge(
      { ...job, experiment, method, base, weighted, threads, memoryLimit, cacheFolder, tell },
      call,
    );
  }
  if (request.intoBase) {
    const whole = fitted ? await loadBase(job.base, { cacheFolder: workbench.cacheFolder }) : base;
    const written = await writeCopy(whole, weighted, job, check, fitted);
    await dropCheckpoint(fitted);
    return { path: job.out, ...written, fit: fitted?.fit };
  }
  const { adapter, relativeError } = fitted ?? mergeAdapters(weighted, { ...job.options, name: 'merged' });
  const metadata = {
    ...resultMark,
    ...originMetadata(await commonOriginOf(sources)),
    ...(fitted && fitMetadata(fitted.fit)),
  };
  await writeAdapter(job.out, adapter, metadata, check);
  await dropCheckpoint(fitted);
  return {
    path: job.out,
    rank: adapter.config.rank,
    relativeError: finiteOrNull(relativeError.total),
    ...(fitted && { fit: fitted.fit }),
  };
};

/** What is written needs no fit to go on. */
async function dropCheckpoint(fitted: FittedMerge | undefined): Promise<void> {
  if (fitted) await rm(fitted.checkpoint, { force: true });
}

const finiteOrNull = (x: number) => (Number.isFinite(x) ? x : null);

/** Writes the base with a merge in it; the relative error is that of its weights as they are written. */
async function writeCopy(
  base: Base,
  weighted: WeightedAdapter[],
  { out, options }: MergeJob,
  check: () => Promise<void>,
  fitted?: FittedMerge,
): Promise<{ rank: number; relativeError: number | null }> {
  const active = weighted.filter(({ weight }) => weight !== 0);
  // The exact sum needs no merged adapter, which what is more than factors has none of.
  const isDirect = options.method === 'cat' && active.some(({ adapter }) => beyondFactors(adapter));
  const merged = fitted ?? (isDirect ? undefined : mergeAdapters(weighted, { ...options, name: 'merged' }));
  let [errors, norms] = [0, 0];
  const watch: LayerWatch = (module, before, written) => {
    const factors = active.flatMap(part => {
      const own = part.adapter.modules.get(module);
      return own ? [{ ...own, weight: part.weight }] : [];
    });
    const { error, norm } = squaredDeviation(before, written, factors);
    errors += error;
    norms += norm;
  };
  await writeMergedBase(base, merged ? [{ adapter: merged.adapter, weight: 1 }] : active, out, { check, watch });
  const exact = merged?.relativeError ?? { norm: Math.sqrt(norms), noise: 0 };
  const ranks = active.flatMap(({ adapter }) => [...adapter.modules.values()].map(({ A }) => A.rows));
  return {
    rank: merged?.adapter.config.rank ?? Math.max(...ranks),
    relativeError: finiteOrNull(errorRatio(Math.sqrt(errors), exact)),
  };
}

async function commonOriginOf(folders: string[]): Promise<AdapterOrigin> {
  return commonOrigin(await Promise.all(folders.map(readOrigin)));
}

function checkFitsLayers(adapter: Adapter, config: BaseConfig): void {
  checkAdapterFits(adapter, new Map(linearLayers(config).map(l => [l.path, l])));
}

/** The adapters of a merge, each checked against the base; by default as what goes into an adapter. */
export async function readWeighted(
  base: Base,
  adapters: MergeJob['adapters'],
  tell: Workbench['tell'],
  checkFits: typeof checkFitsBase = checkFitsLayers,
): Promise<WeightedAdapter[]> {
  const weighted = [];
  for (const { path, name, weight } of adapters) {
    const adapter = await readAdapter(path, name, tell);
    checkFits(adapter, base.config);
    weighted.push({ adapter, weight });
  }
  return weighted;
}

/** The experts of a recipe that have weight, and where their adapters lie. */
export function blendAdapters(e: Experiment, weights: Record<string, number>): MergeJob['adapters'] {
  const problem = weightsProblem(weights);
  if (problem) throw new WorkbenchError('badRequest', problem);
  return Object.entries(weights)
    .filter(([, weight]) => weight !== 0)
    .map(([name, weight]) => {
      if (Object.hasOwn(e.recipe.experts, name)) return { name, weight, path: adapterFolder(e, name) };
      throw new WorkbenchError('notFound', `${e.path} has no expert '${name}'`);
    });
}

/** What a request says of the method; the rest as the recipe's schema has it. */
export function mergeOptions(request: MergeRequest): MergeSettings {
  const said = Object.entries(request).filter(([key, value]) => key in mergeSettings.shape && value !== undefined);
  return { ...mergeDefaults, ...Object.fromEntries(said) };
}

async function jobOf(workbench: Workbench, request: MergeRequest): Promise<MergeJob> {
  if (!request.recipe) return requestJob(workbench, request);
  return request.weights ? blendJob(workbench, request, request.weights) : recipeJob(workbench, request);
}

async function blendJob(workbench: Workbench, r: MergeRequest, weights: Record<string, number>): Promise<MergeJob> {
  const e = await openExperiment(r.recipe!, workbench.mediaFolder);
  const out = outOf(r);
  checkOwnPlace(e, out);
  return { experiment: e, base: e.baseFolder, adapters: blendAdapters(e, weights), options: mergeOptions(r), out };
}

function outOf({ out }: MergeRequest): string {
  if (!out) throw new WorkbenchError('badRequest', 'a merge needs a folder to write to', 'Add --out DIR.');
  return resolve(out);
}

async function recipeJob(workbench: Workbench, request: MergeRequest): Promise<MergeJob> {
  const e = await openExperiment(request.recipe!, workbench.mediaFolder);
  const merge = e.recipe.merges[request.merge ?? ''];
  if (!merge)
    throw new WorkbenchError(
      'notFound',
      `${e.path} has no merge '${request.merge ?? ''}'`,
      `There are: ${Object.keys(e.recipe.merges).join(', ') || 'none'}.`,
    );
  const { weights: _, out: named, ...options } = merge;
  const weights = mergeWeightsOf(e.recipe, request.merge!);
  const out = request.out ? resolve(request.out) : mergeFolder(e, request.merge!);
  checkOwnPlace(e, out, request.merge);
  // Its own place is among the results, and nowhere else.
  if (!request.out && !named) await checkNoLinks(e.paths.parts);
  return {
    experiment: e,
    name: request.merge,
    base: e.baseFolder,
    adapters: Object.entries(weights).map(([name, weight]) => ({ name, weight, path: adapterFolder(e, name) })),
    options,
    out,
  };
}

/** Throws `badRequest` for a folder that is an expert's or another merge's: the result would answer in its place. */
export function checkOwnPlace(e: Experiment, out: string, name?: string): void {
  const others = [
    ...Object.keys(e.recipe.experts).map(expert => [`expert '${expert}'`, adapterFolder(e, expert)] as const),
    ...Object.keys(e.recipe.merges).flatMap(merge =>
      merge === name ? [] : [[`merge '${merge}'`, mergeFolder(e, merge)] as const],
    ),
  ];
  const taken = others.find(([, folder]) => folder === out);
  if (taken)
    throw new WorkbenchError(
      'badRequest',
      `${out} is the folder of ${taken[0]}; the result would answer in its place`,
      'Choose another "out" in the recipe, or another --out.',
    );
}

function requestJob(workbench: Workbench, r: MergeRequest): MergeJob {
  if (!r.adapters || r.adapters.length === 0)
    throw new WorkbenchError('badRequest', 'a merge needs at least one adapter', 'Add --adapter DIR=WEIGHT.');
  if (r.method && isFitted(r.method))
    throw new WorkbenchError(
      'badRequest',
      `${r.method} is fitted to the experts' data, and folders of adapters have none`,
      'Write it as a merge of the recipe that trains them: multi-lora merge RECIPE NAME.',
    );
  const names = r.adapters.map(a => a.path);
  return {
    base: baseFolder(r.base ?? 'embedded', process.cwd(), workbench.mediaFolder),
    adapters: r.adapters.map((a, i) => ({
      path: resolve(a.path),
      weight: a.weight,
      name: names.indexOf(a.path) === i ? a.path : `${a.path}#${i}`,
    })),
    options: mergeOptions(r),
    out: outOf(r),
  };
}
