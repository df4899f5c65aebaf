import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { Adapter } from '../core/lora/adapter.ts';
import { checkRank } from '../core/lora/adapter.ts';
import { hashName } from '../core/lora/initFactors.ts';
import { type LinearLayer, linearLayers } from '../core/model/layout.ts';
import { loraSettingsOf, trainingSettingsOf } from '../core/recipe/settings.ts';
import { stepCount } from '../core/train/schedule.ts';
import { expertGroup, factorName } from '../core/train/trainGraph.ts';
import { addsUpRuns, type TrainPlan, trainLoop } from '../core/train/trainLoop.ts';
import type { Device } from '../shared/device.ts';
import { WorkbenchError } from '../shared/errors.ts';
import type { LoraSettings } from '../shared/recipe.ts';
import type { TrainEvent } from '../shared/trainEvents.ts';
import { hashAdapter, writeAdapter } from './adapterFiles.ts';
import { readCheckpoint, writeCheckpoint } from './checkpoint.ts';
import { addToCurves, emptyCurves } from './curves.ts';
import { encodeExamples, readExamples } from './dataFiles.ts';
import type { Experiment } from './experiment.ts';
import { type Base, hashBase } from './loadBase.ts';
import { makeWritableFolder, writeFileAtomic } from './store.ts';
import { type ExpertState, openTrainSessions } from './trainBackend.ts';
import type { TrainingRecord } from './trainingRecord.ts';

export interface TrainRunOptions {
  experiment: Experiment;
  base: Base;
  /** Experts to train, all that have data without it. */
  only?: string[];
  /** Go on from the last checkpoint where there is one. */
  resume: boolean;
  threads: number;
  device?: Device;
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
  // Before the first step, and not at the first checkpoint.
  await makeWritableFolder(experiment.runFolder);
  const baseHash = await hashBase(base);
  const fingerprint = fingerprintOf(
    base.quantization ? `${baseHash} ${base.quantization}` : baseHash,
    experiment.recipe.seed,
    jobs,
  );
  const path = checkpointPath(experiment, names);
  const checkpoint = o.resume ? await readCheckpoint(path, fingerprint) : undefined;
  const curves = checkpoint?.curves ?? emptyCurves(names);
  const sessions = await openTrainSessions({
    base,
    experts: jobs.map(j => ({
      name: j.plan.name,
      rank: j.lora.rank,
      targets: j.targets,
      dropout: j.lora.dropout,
      seed: (experiment.recipe.seed ^ Math.imul(hashName(j.plan.name), 0x85ebca6b)) >>> 0,
    })),
    accumulates: addsUpRuns(jobs.map(j => j.plan)),
    recompute: jobs.some(j => j.plan.settings.recompute),
    threads: o.threads,
    device: o.device,
    from: checkpoint?.states,
  });
  try {
    const events = trainLoop({
      plans: jobs.map(j => j.plan),
      backend: sessions,
      seed: experiment.recipe.seed,
      from: checkpoint?.position,
      save: async position => {
        const states = new Map<string, ExpertState>();
        for (const name of names) states.set(name, await sessions.state(name));
        await writeCheckpoint(path, { fingerprint, position, curves, states });
        // Adapters follow the last checkpoint, so that an expert can be asked while it is still learning.
        if (Object.values(position.experts).every((e, i) => e.stopped || e.step >= jobs[i]!.plan.steps))
          for (const [i, job] of jobs.entries()) {
            const state = states.get(job.plan.name)!;
            const own = position.experts[job.plan.name]!;
            await writeAdapter(
              adapterOutput(experiment, job.plan.name),
              trainedAdapter(base, job, own.best ? state.best : state.parameter),
            );
            await writeRecord(experiment, job, { ...own, baseHash, curve: curves[i]! });
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

export interface ExpertJob {
  plan: TrainPlan;
  lora: LoraSettings;
  targets: string[];
  dataHash: string;
}

function chosenExperts({ recipe, path }: Experiment, only?: string[]): string[] {
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
  const layers = targetLayers(base, lora, name);
  for (const l of layers) checkRank(lora.rank, l.in, l.out, l.path);
  const data = e.recipe.experts[name]!.data!;
  const read = async (file: string) => encodeExamples(base, await readExamples(e.folder, file), settings, file);
  const train = await read(data.train);
  const validation = data.validation ? await read(data.validation) : [];
  const scaling = lora.alpha / (lora.rslora ? Math.sqrt(lora.rank) : lora.rank);
  const hash = createHash('sha256');
  for (const example of [...train, ...validation]) hash.update(example.ids).update(example.labels);
  return {
    plan: {
      name,
      scaling,
      dropout: lora.dropout,
      settings,
      steps: stepCount(settings, train.length),
      train,
      validation,
    },
    lora,
    targets: layers.map(l => l.path),
    dataHash: hash.digest('hex'),
  };
}

/** The layers a recipe's targets name. Throws `mismatch` for a name the base does not have. */
export function targetLayers(base: Base, lora: LoraSettings, expert: string): LinearLayer[] {
  const layers = linearLayers(base.config);
  if (lora.targets === 'all-linear') return layers;
  const names = new Set(lora.targets);
  for (const name of names)
    if (!layers.some(l => l.name === name))
      throw new WorkbenchError(
        'mismatch',
        `expert '${expert}' targets '${name}', which the base does not have`,
        `Its linear layers: ${[...new Set(layers.map(l => l.name))].join(', ')}.`,
      );
  return layers.filter(l => names.has(l.name));
}

/** What a checkpoint goes on from: the base as it was computed with, the seed, and all that the experts learn from. */
function fingerprintOf(base: string, seed: number, jobs: ExpertJob[]): string {
  const parts = jobs.map(j => [j.plan.name, j.plan.settings, j.plan.steps, j.lora, j.dataHash]);
  return createHash('sha256')
    .update(JSON.stringify([base, seed, parts]))
    .digest('hex');
}

function checkpointPath(e: Experiment, names: string[]): string {
  return join(e.runFolder, 'checkpoints', `${names.join('+')}.safetensors`);
}

/** Training always writes into the run folder, whatever adapter a recipe may load later. */
function adapterOutput(e: Experiment, name: string): string {
  return join(e.runFolder, 'adapters', name);
}

/** An adapter from an expert's flat vector. */
export function trainedAdapter(base: Base, { plan, lora, targets }: ExpertJob, flat: Float32Array): Adapter {
  const { tensors } = expertGroup(base.config, { name: plan.name, rank: lora.rank, targets });
  const pieces = new Map<string, Float32Array>();
  let at = 0;
  for (const t of tensors) pieces.set(t.name, flat.slice(at, (at += t.shape[0]! * t.shape[1]!)));
  const layers = new Map(linearLayers(base.config).map(l => [l.path, l]));
  const short = [...new Set(targets.map(path => path.split('.').at(-1)!))];
  return {
    name: plan.name,
    config: {
      rank: lora.rank,
      alpha: lora.alpha,
      rslora: lora.rslora,
      targetModules: short,
      dropout: lora.dropout,
      taskType: 'CAUSAL_LM',
    },
    modules: new Map(
      targets.map(path => {
        const { in: width, out } = layers.get(path)!;
        const A = { rows: lora.rank, cols: width, data: pieces.get(factorName(path, 'A'))! };
        const B = { rows: out, cols: lora.rank, data: pieces.get(factorName(path, 'B'))! };
        return [path, { A, B, scaling: plan.scaling }];
      }),
    ),
  };
}

async function writeRecord(
  e: Experiment,
  job: ExpertJob,
  own: Pick<TrainingRecord, 'baseHash' | 'step' | 'tokens' | 'best' | 'curve'>,
): Promise<void> {
  const record: TrainingRecord = {
    expert: job.plan.name,
    baseHash: own.baseHash,
    adapterHash: await hashAdapter(adapterOutput(e, job.plan.name)),
    trainExamples: job.plan.train.length,
    step: own.step,
    tokens: own.tokens,
    best: own.best,
    curve: own.curve,
  };
  await writeFileAtomic(join(e.runFolder, 'training', `${job.plan.name}.json`), `${JSON.stringify(record)}\n`);
}
