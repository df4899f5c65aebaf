import { join } from 'node:path';
import { readAdapter } from '../../experiment/adapterFiles.ts';
import { type Base, hashBase } from '../../experiment/base.ts';
import type { Experiment } from '../../experiment/experiment.ts';
import { readJson } from '../../experiment/files.ts';
import { openRunFolder } from '../../experiment/runs.ts';
import { checkAdapterFits } from '../../nn/lora/adapter.ts';
import { linearLayers } from '../../nn/model/layout.ts';
import { curvesOf } from '../../nn/train/trainHistory.ts';
import { WorkbenchError } from '../../protocol/errors.ts';
import { writeTrainedAdapter } from '../training/trainedAdapter.ts';

/** What the script says of a training that has come to its end, as `done.json`. */
interface Done {
  expert: string;
  baseHash: string;
  trainExamples: number;
  step: number;
  tokens: number;
  best: { loss: number; step: number } | null;
}

/**
 * Makes the adapter that a training elsewhere has written an expert's own, with a record of its training. `results` holds
 * `adapter` and `done.json`; `run` is the folder of its record here. Throws `mismatch` for an adapter of another expert or base.
 */
export async function takeAdapter(
  e: Experiment,
  base: Base,
  expert: string,
  results: string,
  run: string,
): Promise<void> {
  const path = join(results, 'done.json');
  const done = (await readJson(path, 'what the training says of its end')) as Done;
  if (typeof done?.step !== 'number' || typeof done.tokens !== 'number' || typeof done.trainExamples !== 'number')
    throw new WorkbenchError('badFile', `${path} is not what the script writes at its end`);
  if (done.expert !== expert)
    throw new WorkbenchError(
      'mismatch',
      `${results} is the training of '${done.expert}', not of '${expert}'`,
      `Add --only ${done.expert}.`,
    );
  const baseHash = await hashBase(base);
  if (done.baseHash !== baseHash)
    throw new WorkbenchError(
      'mismatch',
      `${results} was trained on another base than the recipe names`,
      'Name the base of the export in the recipe.',
    );
  const adapter = await readAdapter(join(results, 'adapter'), expert);
  checkAdapterFits(adapter, new Map(linearLayers(base.config).map(l => [l.path, l])));
  const [curve] = curvesOf(await openRunFolder(run).newEvents()).filter(c => c.expert === expert);
  await writeTrainedAdapter(e.paths, base, adapter, {
    expert,
    baseHash,
    trainExamples: done.trainExamples,
    step: done.step,
    tokens: done.tokens,
    best: done.best ?? undefined,
    curve: curve ?? { expert, train: [], validation: [] },
  });
}
