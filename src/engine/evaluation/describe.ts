import { cpus, totalmem } from 'node:os';
import { readAdapter, readFit } from '../../experiment/adapterFiles.ts';
import { adapterFolder, type Experiment, mergeFolder } from '../../experiment/experiment.ts';
import { sizeOf } from '../../experiment/files.ts';
import { readTrainingRecord } from '../../experiment/trainingRecord.ts';
import { scalingOf } from '../../nn/lora/adapterConfig.ts';
import { mergeError } from '../../nn/merge/mergeError.ts';
import type { Report, ReportExpert, ReportMerge } from '../../protocol/report.ts';
import { mergeWeightsOf } from '../../recipe/settings.ts';
import { runtimeVersion } from '../runtime/session.ts';

export function describeMachine(threads: number): Report['machine'] {
  return {
    platform: `${process.platform} ${process.arch}`,
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    threads,
    memoryBytes: totalmem(),
    runtime: `onnxruntime-node ${runtimeVersion}`,
    node: process.version,
  };
}

export async function describeExpert(e: Experiment, name: string): Promise<ReportExpert> {
  const adapter = await readAdapter(adapterFolder(e, name), name);
  const record = await readTrainingRecord(e.paths, name);
  const factors = [...adapter.modules.values()];
  return {
    name,
    domain: e.recipe.experts[name]?.domain,
    rank: adapter.config.rank,
    alpha: adapter.config.alpha,
    scaling: scalingOf(adapter.config, [...adapter.modules.keys()][0]!),
    targets: [...new Set([...adapter.modules.keys()].map(path => path.split('.').at(-1)!))],
    parameters: factors.reduce((sum, f) => sum + f.A.data.length + f.B.data.length + (f.magnitude?.length ?? 0), 0),
    bytes: await sizeOf(adapterFolder(e, name)),
    trainExamples: record?.trainExamples ?? 0,
    steps: record?.step ?? 0,
    tokens: record?.tokens ?? 0,
    bestValidationLoss: record?.best?.loss,
  };
}

/** A merge on disk with its relative error against the exact weighted sum, measured anew from the files. */
export async function describeMerge(e: Experiment, name: string): Promise<ReportMerge> {
  const { method } = e.recipe.merges[name]!;
  const weights = mergeWeightsOf(e.recipe, name);
  const path = mergeFolder(e, name);
  const merged = await readAdapter(path, name);
  const parts = await Promise.all(
    Object.entries(weights).map(async ([expert, weight]) => ({
      adapter: await readAdapter(adapterFolder(e, expert), expert),
      weight,
    })),
  );
  const relativeError = mergeError(merged, parts).total;
  return { name, method, weights, rank: merged.config.rank, relativeError, path, fit: await readFit(path) };
}
