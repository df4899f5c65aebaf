import { resolve } from 'node:path';
import { hashAdapter, readAdapter } from '../../experiment/adapterFiles.ts';
import type { Base } from '../../experiment/base.ts';
import type { ExpertState } from '../../experiment/checkpoints.ts';
import type { Experiment } from '../../experiment/experiment.ts';
import { type Adapter, beyondFactors, checkAdapterFits } from '../../nn/lora/adapter.ts';
import { rankOf, scalingOf } from '../../nn/lora/adapterConfig.ts';
import { factorSeed, initFactors } from '../../nn/lora/initFactors.ts';
import { linearLayers } from '../../nn/model/layout.ts';
import { expertGroup, factorName } from '../../nn/train/trainGraph.ts';
import { type Problem, WorkbenchError } from '../../protocol/errors.ts';
import type { LoraSettings } from '../../recipe/schema.ts';
import { trainedExpert } from './trainedExpert.ts';

/** An adapter that an expert's training starts from. */
export interface StartAdapter {
  adapter: Adapter;
  /** SHA-256 of its files. */
  hash: string;
  /** What of it is left out or not known: warnings. */
  problems: Problem[];
}

/** What is known of an expert where its training starts. */
interface StartingExpert {
  job: { name: string };
  lora: LoraSettings;
  targets: string[];
  start?: StartAdapter;
}

/**
 * The adapter that an expert starts from, where its recipe names one. Throws `mismatch` where it has layers that the expert
 * does not adapt or that have other sizes, or more rank there, and `unsupported` where it, or the expert, is more than factors.
 */
export async function readStart(
  e: Experiment,
  { config }: Pick<Base, 'config'>,
  name: string,
  lora: LoraSettings,
  targets: readonly string[],
): Promise<StartAdapter | undefined> {
  const { startFrom } = e.recipe.experts[name]!;
  if (startFrom === undefined) return undefined;
  const folder = resolve(e.folder, startFrom);
  const problems: Problem[] = [];
  const adapter = await readAdapter(folder, startFrom, message => {
    problems.push({ code: 'startAdapter', severity: 'warning', where: folder, message: `${folder}: ${message}` });
  });
  const trainsMore = lora.dora ? 'with DoRA' : lora.bias !== 'none' ? 'with biases' : undefined;
  const more = beyondFactors(adapter) ?? (trainsMore && `starts '${name}', which is to be trained ${trainsMore}`);
  if (more)
    throw new WorkbenchError(
      'unsupported',
      `${folder}: ${more}`,
      'Training starts from plain factors of linear layers.',
    );
  checkAdapterFits(adapter, new Map(linearLayers(config).map(l => [l.path, l])));
  const wrong = (what: string, hint: string) =>
    new WorkbenchError('mismatch', `${folder}, where '${name}' starts: ${what}`, hint);
  for (const [path, { A }] of adapter.modules) {
    if (!targets.includes(path))
      throw wrong(`it adapts ${path}, which is none of the expert's targets`, "Add the layer to the expert's targets.");
    if (A.rows > rankOf(lora, path))
      throw wrong(
        `it has rank ${A.rows} in ${path}, the expert ${rankOf(lora, path)}`,
        `Set the expert's rank to ${A.rows}, or compress the adapter: multi-lora compress.`,
      );
  }
  return { adapter, hash: await hashAdapter(folder), problems };
}

/**
 * The states of experts that start from an adapter: its ΔW to rounding, in the expert's own scaling. Rank that the adapter
 * does not have, and layers that it does not adapt, begin fresh.
 */
export function startStates(
  { config }: Pick<Base, 'config'>,
  prepared: readonly StartingExpert[],
  seed: number,
): Map<string, ExpertState> {
  const states = new Map<string, ExpertState>();
  for (const { job, lora, targets, start } of prepared) {
    if (!start) continue;
    const { tensors } = expertGroup(config, trainedExpert(job.name, lora, targets));
    const parameter = initFactors(tensors, factorSeed(seed, job.name));
    const offsets = new Map<string, number>();
    let end = 0;
    for (const { name, shape } of tensors) {
      offsets.set(name, end);
      end += shape.reduce((a, b) => a * b, 1);
    }
    for (const [path, { A, B, scaling }] of start.adapter.modules) {
      // A [rank, in] takes the first rows, B [out, rank] the first columns.
      parameter.set(A.data, offsets.get(factorName(path, 'A'))!);
      const to = offsets.get(factorName(path, 'B'))!;
      const [rank, ratio] = [rankOf(lora, path), scaling / scalingOf(lora, path)];
      for (let row = 0; row < B.rows; row++)
        for (let col = 0; col < B.cols; col++) parameter[to + row * rank + col] = ratio * B.data[row * B.cols + col]!;
    }
    const zeros = () => new Float32Array(parameter.length);
    states.set(job.name, { parameter, m: zeros(), v: zeros(), best: parameter });
  }
  return states;
}
