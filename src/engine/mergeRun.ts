import { resolve } from 'node:path';
import { checkAdapterFits } from '../core/lora/adapter.ts';
import { mergeAdapters } from '../core/lora/merge.ts';
import { linearLayers } from '../core/model/layout.ts';
import type { MergeRequest, MergeResult } from '../shared/engineApi.ts';
import { WorkbenchError } from '../shared/errors.ts';
import { readAdapter, writeAdapter } from './adapterFiles.ts';
import { adapterFolder, baseFolder, openExperiment } from './experiment.ts';
import { loadBase } from './loadBase.ts';
import { writeMergedBase } from './mergedBase.ts';
import { checkOutputFolder, resultMark } from './outputFolder.ts';
import { mergeFolder, type Workbench } from './workbench.ts';

/** What a merge reads and writes, from a recipe's named merge or from the request itself. */
interface MergeJob {
  base: string;
  adapters: { path: string; name: string; weight: number }[];
  options: {
    method: NonNullable<MergeRequest['method']>;
    density: number;
    rank?: number;
    majoritySign: 'total' | 'frequency';
    seed: number;
  };
  out: string;
}

/** Combines adapters for good: into one adapter, or into a full copy of the base. */
export async function mergeRun(workbench: Workbench, request: MergeRequest): Promise<MergeResult> {
  const job = request.recipe ? await recipeJob(workbench, request) : requestJob(workbench, request);
  const base = await loadBase(job.base);
  const kind = request.intoBase ? 'model' : 'adapter';
  const sources = job.adapters.map(a => a.path);
  await checkOutputFolder(job.out, kind, base, sources);
  const layers = new Map(linearLayers(base.config).map(l => [l.path, l]));
  const weighted = [];
  for (const { path, name, weight } of job.adapters) {
    const adapter = await readAdapter(path, name);
    checkAdapterFits(adapter, layers);
    weighted.push({ adapter, weight });
  }
  const { adapter, relativeError } = mergeAdapters(weighted, { ...job.options, name: 'merged' });
  if (request.intoBase) await writeMergedBase(base, [{ adapter, weight: 1 }], job.out);
  else await writeAdapter(job.out, adapter, resultMark);
  const { total } = relativeError;
  return { path: job.out, rank: adapter.config.rank, relativeError: Number.isFinite(total) ? total : null };
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
  const { weights, out: _, ...options } = merge;
  return {
    base: e.baseFolder,
    adapters: Object.entries(weights).map(([name, weight]) => ({ name, weight, path: adapterFolder(e, name) })),
    options,
    out: request.out ? resolve(request.out) : mergeFolder(e, request.merge!),
  };
}

function requestJob(workbench: Workbench, r: MergeRequest): MergeJob {
  if (!r.adapters || r.adapters.length === 0)
    throw new WorkbenchError('badRequest', 'a merge needs at least one adapter', 'Add --adapter DIR=WEIGHT.');
  if (!r.out) throw new WorkbenchError('badRequest', 'a merge needs a folder to write to', 'Add --out DIR.');
  const names = r.adapters.map(a => a.path);
  return {
    base: baseFolder(r.base ?? 'embedded', process.cwd(), workbench.mediaFolder),
    adapters: r.adapters.map((a, i) => ({
      path: resolve(a.path),
      weight: a.weight,
      name: names.indexOf(a.path) === i ? a.path : `${a.path}#${i}`,
    })),
    options: {
      method: r.method ?? 'cat',
      density: r.density ?? 0.5,
      rank: r.rank,
      majoritySign: r.majoritySign ?? 'total',
      seed: r.seed ?? 0,
    },
    out: resolve(r.out),
  };
}
