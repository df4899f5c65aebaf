import { createHash } from 'node:crypto';
import { type Base, hashBase } from '../../experiment/base.ts';
import {
  type Checkpoint,
  type CheckpointOrigin,
  checkRestored,
  checkResumed,
  type ExpertOrigin,
  type ExpertState,
  readCheckpoint,
  writeCheckpoint,
} from '../../experiment/checkpoint.ts';
import { encodeExamples, readExamples } from '../../experiment/dataFiles.ts';
import type { Experiment } from '../../experiment/experiment.ts';
import { makeWritableFolder } from '../../experiment/files.ts';
import { keepCheckpoint, keptSteps } from '../../experiment/keptCheckpoints.ts';
import { keptCheckpointPath } from '../../experiment/paths.ts';
import { checkRank } from '../../nn/lora/adapter.ts';
import { hashName } from '../../nn/lora/initFactors.ts';
import { targetLayers } from '../../nn/lora/targetLayers.ts';
import { totalBytes } from '../../nn/memory/trainingMemory.ts';
import { type LinearLayer, linearNames } from '../../nn/model/layout.ts';
import { stepCount } from '../../nn/train/schedule.ts';
import { trainLoop } from '../../nn/train/trainLoop.ts';
import type { Device } from '../../protocol/device.ts';
import { WorkbenchError } from '../../protocol/errors.ts';
import type { TrainEvent } from '../../protocol/trainEvents.ts';
import type { LoraSettings } from '../../recipe/schema.ts';
import { loraSettingsOf, trainingSettingsOf } from '../../recipe/settings.ts';
import { addToCurves, emptyCurves } from './curves.ts';
import type { ExpertJob } from './expertJob.ts';
import { memoryBudget } from './memoryBudget.ts';
import { checkFits, planTraining, processBytes } from './planTraining.ts';
import { openTrainSessions } from './trainBackend.ts';
import { scalingOf, writeTrained } from './trainedAdapter.ts';

export interface TrainRunOptions {
  experiment: Experiment;
  base: Base;
  /** Experts to train, all that have data without it. */
  only?: string[];
  /** Go on from the last checkpoint where there is one. */
  resume: boolean;
  /** Go on from a checkpoint of another run, maybe with other settings of training. */
  from?: string;
  /** The folder of the checkpoints that this run keeps. */
  keepIn?: string;
  threads: number;
  device?: Device;
  /** As the device's use tells. */
  halfFloats?: boolean;
  /** Bytes that this process may take; what is free without it. */
  memoryLimit?: number;
  signal: AbortSignal;
}

/**
 * Trains the experts of a recipe together and writes their adapters. Ends early when the signal aborts; a later run
 * with `resume` goes on from there and ends in the same bits.
 */
export async function* trainRun(o: TrainRunOptions): AsyncGenerator<TrainEvent> {
  const { experiment, base } = o;
  const names = chosenExperts(experiment, o.only);
  const jobs = await Promise.all(names.map(name => prepareExpert(experiment, base, name)));
  const { device = 'cpu', halfFloats = false } = o;
  const budget = memoryBudget(o.memoryLimit, device);
  const plan = await planTraining({ base, jobs, seed: experiment.recipe.seed, device, halfFloats, budget });
  checkFits(plan, budget);
  // Before the first step, and not at the first checkpoint.
  await makeWritableFolder(experiment.paths.output);
  const baseHash = await hashBase(base);
  const fingerprint = fingerprintOf(
    base.quantization ? `${baseHash} ${base.quantization}` : baseHash,
    experiment.recipe.seed,
    jobs,
  );
  const path = experiment.paths.checkpoint(names);
  const origin: CheckpointOrigin = {
    baseHash,
    ...(base.quantization && { quantization: base.quantization }),
    seed: experiment.recipe.seed,
    experts: jobs.map(originOf),
  };
  const checkpoint = await checkpointToGoOnFrom(o, path, fingerprint, origin);
  const curves = checkpoint?.curves ?? emptyCurves(names);
  const sessions = await openTrainSessions({
    ...plan.graphs,
    base,
    experts: jobs.map(j => ({
      name: j.plan.name,
      rank: j.lora.rank,
      targets: j.targets,
      dropout: j.lora.dropout,
      seed: (experiment.recipe.seed ^ Math.imul(hashName(j.plan.name), 0x85ebca6b)) >>> 0,
    })),
    threads: o.threads,
    device,
    from: checkpoint?.states,
  });
  if (plan.isRecomputeChosen)
    yield {
      type: 'recompute',
      step: checkpoint?.position.step ?? 0,
      bytes: processBytes + totalBytes(plan.memory),
      bytesWithout: processBytes + plan.bytesWithout,
      budgetBytes: budget.bytes,
    };
  try {
    const events = trainLoop({
      plans: jobs.map(j => j.plan),
      backend: sessions,
      inTurn: plan.graphs.inTurn,
      seed: experiment.recipe.seed,
      from: checkpoint?.position,
      save: async position => {
        const states = new Map<string, ExpertState>();
        for (const name of names) states.set(name, await sessions.state(name));
        const kept = { fingerprint, origin, position, curves, states };
        const most = Math.max(...jobs.map(j => j.settings.keepCheckpoints));
        if (o.keepIn) await keepCheckpoint(o.keepIn, path, kept, most);
        else await writeCheckpoint(path, kept);
        // Adapters follow the last checkpoint, so that an expert can be asked while it is still learning.
        if (Object.values(position.experts).every((e, i) => e.stopped || e.step >= jobs[i]!.plan.steps))
          for (const [i, job] of jobs.entries()) {
            const state = states.get(job.plan.name)!;
            const own = position.experts[job.plan.name]!;
            const flat = own.best ? state.best : state.parameter;
            await writeTrained(experiment.paths, base, originOf(job), flat, { ...own, baseHash, curve: curves[i]! });
          }
      },
      now: () => performance.now(),
      memory: () => process.memoryUsage.rss(),
      signal: o.signal,
    });
    for await (const event of events) {
      addToCurves(curves, event);
      yield event;
      // The runtime keeps the thread while it works; here cancellations are read.
      await new Promise(resolve => setImmediate(resolve));
    }
  } finally {
    await sessions.dispose();
  }
}

export function chosenExperts({ recipe, path }: Experiment, only?: string[]): string[] {
  const trainable = Object.keys(recipe.experts).filter(name => recipe.experts[name]!.data);
  for (const name of only ?? [])
    if (!trainable.includes(name))
      throw new WorkbenchError(
        'notFound',
        `${path}: no expert '${name}' with training data`,
        `Trainable: ${trainable.join(', ') || 'none'}.`,
      );
  if (trainable.length === 0)
    throw new WorkbenchError(
      'badRecipe',
      `${path}: no expert has training data`,
      "Add 'experts': { NAME: { data: { train: FILE } } }.",
    );
  return trainable.filter(name => !only || only.includes(name));
}

export async function prepareExpert(e: Experiment, base: Base, name: string): Promise<ExpertJob> {
  const lora = loraSettingsOf(e.recipe, name);
  const settings = trainingSettingsOf(e.recipe, name);
  const layers = expertLayers(base, lora, name);
  for (const l of layers) checkRank(lora.rank, l.in, l.out, l.path);
  const data = e.recipe.experts[name]!.data!;
  const read = async (file: string) => encodeExamples(base, await readExamples(e.folder, file), settings, file);
  const train = await read(data.train);
  const validation = data.validation ? await read(data.validation) : [];
  const hash = createHash('sha256');
  for (const example of [...train, ...validation]) hash.update(example.ids).update(example.labels);
  return {
    plan: {
      name,
      scaling: scalingOf(lora),
      dropout: lora.dropout,
      settings,
      steps: stepCount(settings, train.length),
      train,
      validation,
    },
    settings,
    lora,
    targets: layers.map(l => l.path),
    dataHash: hash.digest('hex'),
  };
}

/** The layers a recipe's targets name. Throws `mismatch` for a name the base does not have. */
function expertLayers(base: Base, lora: LoraSettings, expert: string): LinearLayer[] {
  const { layers, unknown } = targetLayers(base.config, lora.targets);
  if (unknown.length > 0)
    throw new WorkbenchError(
      'mismatch',
      `expert '${expert}' targets '${unknown[0]}', which the base does not have`,
      `Its linear layers: ${linearNames.join(', ')}.`,
    );
  return layers;
}

/** What a checkpoint goes on from: the base as it was computed with, the seed, and all that the experts learn from. */
function fingerprintOf(base: string, seed: number, jobs: ExpertJob[]): string {
  const parts = jobs.map(({ plan, settings, lora, dataHash }) => {
    // How many checkpoints are kept changes nothing of what is learned, and epochs have become steps.
    const { keepCheckpoints: _, epochs: __, ...learned } = settings;
    return [plan.name, learned, plan.steps, lora, dataHash];
  });
  return createHash('sha256')
    .update(JSON.stringify([base, seed, parts]))
    .digest('hex');
}

function originOf({ plan, lora, targets, dataHash }: ExpertJob): ExpertOrigin {
  return { name: plan.name, lora, targets, dataHash, trainExamples: plan.train.length };
}

/** The run's own last checkpoint, else the one that it begins with. */
async function checkpointToGoOnFrom(
  { resume, keepIn, from }: TrainRunOptions,
  last: string,
  fingerprint: string,
  origin: CheckpointOrigin,
): Promise<Checkpoint | undefined> {
  const own = resume && keepIn ? (await keptSteps(keepIn)).at(-1) : undefined;
  if (resume && (own !== undefined || !from)) {
    const path = own === undefined ? last : keptCheckpointPath(keepIn!, own);
    const checkpoint = await readCheckpoint(path);
    if (checkpoint) checkResumed(checkpoint, fingerprint, path);
    return checkpoint;
  }
  if (!from) return undefined;
  const checkpoint = await readCheckpoint(from);
  if (!checkpoint)
    throw new WorkbenchError(
      'notFound',
      `the checkpoint is not there: ${from}`,
      'It may have made way for later ones.',
    );
  checkRestored(checkpoint, origin, from);
  const isSameRun = checkpoint.fingerprint === fingerprint;
  // With other settings, an expert whose patience was used up gets another chance.
  if (!isSameRun)
    for (const own of Object.values(checkpoint.position.experts)) Object.assign(own, { stopped: false, waited: 0 });
  return checkpoint;
}
