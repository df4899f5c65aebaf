import { createHash } from 'node:crypto';
import { type Base, hashBase } from '../../experiment/base.ts';
import {
  type Checkpoint,
  type CheckpointOrigin,
  checkRestored,
  checkResumed,
  type ExpertState,
  factorShape,
  keepCheckpoint,
  keptSteps,
  readCheckpoint,
  writeCheckpoint,
} from '../../experiment/checkpoints.ts';
import type { Experiment } from '../../experiment/experiment.ts';
import { makeWritableFolder } from '../../experiment/files.ts';
import { keptCheckpointPath } from '../../experiment/paths.ts';
import type { WorkWatch } from '../../experiment/workWatch.ts';
import { factorSeed } from '../../nn/lora/initFactors.ts';
import { paddingShare } from '../../nn/memory/batchShapes.ts';
import { totalBytes } from '../../nn/memory/trainingMemory.ts';
import { mostCut } from '../../nn/tokenizer/learningProblems.ts';
import { addToCurves, emptyCurves } from '../../nn/train/trainHistory.ts';
import { trainLoop } from '../../nn/train/trainLoop.ts';
import { type Arithmetic, arithmetics } from '../../protocol/arithmetic.ts';
import type { Device } from '../../protocol/device.ts';
import { cutAnswersCode, WorkbenchError } from '../../protocol/errors.ts';
import type { NotedSettings } from '../../protocol/runRecord.ts';
import type { TrainEvent } from '../../protocol/trainEvents.ts';
import type { DeviceUse } from '../runtime/deviceUse.ts';
import { isRefusal } from '../runtime/session.ts';
import { trainingBase } from './int8Base.ts';
import { memoryBudget } from './memoryBudget.ts';
import { checkFits, planTraining, processBytes } from './planTraining.ts';
import { chosenExperts, originOf, type PreparedExpert, prepareExperts } from './prepareExpert.ts';
import { reachProblems } from './reachProblems.ts';
import { startStates } from './startFactors.ts';
import { openTrainSessions } from './trainBackend.ts';
import { writeTrained } from './trainedAdapter.ts';

export interface TrainRunOptions {
  experiment: Experiment;
  base: Base;
  /** Experts to train, all that have data without it. */
  only?: string[];
  /** Resume from the last checkpoint where there is one. */
  resume: boolean;
  /** Start from this checkpoint of another run, which may have had other training settings. */
  from?: string;
  /** Hears how far the data is tokenised. */
  watch?: WorkWatch;
  /** Hears how far the base's copy for products in 8 bits is made. */
  copyWatch?: WorkWatch;
  /** Where the tokens of data and codes of the base are kept. */
  cacheFolder: string;
  /** Train although answers are cut. */
  allowCut?: boolean;
  /** The folder of the checkpoints that this run keeps. */
  keepIn?: string;
  threads: number;
  device?: Device;
  /** As `DeviceUse` says. */
  halfFloats?: boolean;
  /** Bytes that this process may take; what is free without it. */
  memoryLimit?: number;
  /** Hears what the machine keeps the run from doing as it could. */
  tell?(note: string): void;
  /** Hears, before the first step, what the recipe has left to the base and the machine. */
  note?(settings: NotedSettings): void;
  signal: AbortSignal;
}

/** Points of a training curve in checkpoints and reports: more cannot be told apart on a screen. */
const mostCurvePoints = 800;

/**
 * Trains on the device in use. Where that gives up, the CPU resumes from the last checkpoint: what the device had
 * computed since is lost with it.
 */
export async function* trainOn(
  use: DeviceUse,
  job: Omit<TrainRunOptions, 'device' | 'halfFloats'>,
): AsyncGenerator<TrainEvent> {
  let hasCheckpoint = false;
  try {
    for await (const event of trainRun({ ...job, ...use })) {
      hasCheckpoint ||= event.type === 'checkpoint';
      yield event;
    }
  } catch (error) {
    if (use.device === 'cpu' || !isRefusal(error)) throw error;
    use.failed(error);
    yield* trainRun({ ...job, device: 'cpu', resume: job.resume || hasCheckpoint });
  }
}

/**
 * Trains the experts of a recipe together and writes their adapters. Ends early when the signal aborts; a later run with
 * `resume` continues from there and ends in the same bits.
 */
async function* trainRun(o: TrainRunOptions): AsyncGenerator<TrainEvent> {
  const { experiment, base } = o;
  const names = chosenExperts(experiment, o.only);
  const prepared = await prepareExperts(experiment, base, names, o);
  // Before the base is read whole. Who goes on has been asked before.
  if (!o.allowCut && !o.resume && !o.from) checkCut(prepared);
  const { device = 'cpu', halfFloats = false } = o;
  const budget = memoryBudget(o.memoryLimit, device);
  const { seed } = experiment.recipe;
  const { threads, cacheFolder } = o;
  // A folder that cannot be written should fail before the first step, not at the first checkpoint.
  await makeWritableFolder(experiment.paths.output);
  const baseHash = await hashBase(base);
  const baseId = base.quantization ? `${baseHash} ${base.quantization}` : baseHash;
  const path = experiment.paths.checkpoint(names);
  const last = o.resume ? await lastCheckpoint(o, path) : undefined;
  // How fast a processor is found to be differs from day to day: what was begun goes on as it was begun.
  const resumed = arithmetics.find(
    each => fingerprintOf(baseId, seed, prepared, each) === last?.checkpoint.fingerprint,
  );
  const { tell } = o;
  const options = { base, prepared, seed, device, halfFloats, budget, threads, cacheFolder, resumed, tell };
  const plan = await planTraining(options);
  checkFits(plan, budget);
  o.note?.({
    learningRates: Object.fromEntries(prepared.map(({ job, settings }) => [job.name, settings.learningRate])),
    arithmetic: plan.graphs.arithmetic,
    padding: paddingShare(plan.shapes),
  });
  const fingerprint = fingerprintOf(baseId, seed, prepared, plan.graphs.arithmetic);
  const origin: CheckpointOrigin = {
    baseHash,
    ...(base.quantization && { quantization: base.quantization }),
    seed,
    experts: prepared.map(originOf),
  };
  const checkpoint = await checkpointToGoOnFrom(o, last, fingerprint, origin);
  if (!checkpoint && !o.allowCut) checkCut(prepared);
  const step = checkpoint?.position.step ?? 0;
  for (const { job, problems } of prepared) {
    const { train: file } = experiment.recipe.experts[job.name]!.data!;
    const all = [...problems, ...(await reachProblems(base, job.train, file, o.threads))];
    if (all.length > 0) yield { type: 'data', step, expert: job.name, problems: all };
  }
  const curves = checkpoint?.curves ?? emptyCurves(names);
  const sessions = await openTrainSessions({
    ...plan.graphs,
    base: await trainingBase(base, plan.graphs.arithmetic, {
      ...o.copyWatch,
      cacheFolder,
      threads,
      signal: o.signal,
    }),
    experts: plan.graphs.experts.map(expert => ({
      ...expert,
      seed: factorSeed(seed, expert.name),
    })),
    threads: o.threads,
    device,
    from: checkpoint?.states ?? startStates(base, prepared, seed),
  });
  if (plan.isRecomputeChosen)
    yield {
      type: 'recompute',
      step,
      bytes: processBytes + totalBytes(plan.memory),
      bytesWithout: processBytes + plan.bytesWithout,
      budgetBytes: budget.bytes,
    };
  try {
    const events = trainLoop({
      jobs: prepared.map(p => p.job),
      backend: sessions,
      inTurn: plan.graphs.inTurn,
      seed,
      from: checkpoint?.position,
      save: async position => {
        const states = new Map<string, ExpertState>();
        for (const name of names) states.set(name, await sessions.state(name));
        const kept = { fingerprint, origin, position, curves, states };
        const most = Math.max(...prepared.map(p => p.settings.keepCheckpoints));
        if (o.keepIn) await keepCheckpoint(o.keepIn, path, kept, most);
        else await writeCheckpoint(path, kept);
        // Adapters follow the last checkpoint, so that an expert can be asked while it is still learning.
        if (Object.values(position.experts).every((e, i) => e.stopped || e.step >= prepared[i]!.job.steps))
          for (const [i, expert] of prepared.entries()) {
            const state = states.get(expert.job.name)!;
            const own = position.experts[expert.job.name]!;
            const flat = own.best ? state.best : state.parameter;
            await writeTrained(experiment.paths, base, originOf(expert), flat, { ...own, baseHash, curve: curves[i]! });
          }
      },
      now: () => performance.now(),
      memory: () => process.memoryUsage.rss(),
      signal: o.signal,
    });
    for await (const event of events) {
      addToCurves(curves, event, mostCurvePoints);
      yield event;
    }
  } finally {
    await sessions.dispose();
  }
}

/** Throws `badData` where more answers lose their end, or are left out, than can be meant. */
function checkCut(prepared: PreparedExpert[]): void {
  if (prepared.every(p => p.cutShare <= mostCut)) return;
  const problems = prepared.flatMap(p => p.problems).filter(p => /^(cutAnswers|droppedExamples)$/.test(p.code));
  throw new WorkbenchError(
    'badData',
    `answers do not fit:\n${problems.map(p => `  ${p.message}`).join('\n')}`,
    "Raise 'maxLength' or shorten the examples: the end of an answer that is cut is not learned.",
    problems.map(p => ({ ...p, code: cutAnswersCode })),
  );
}

/**
 * A hash of all that a run depends on: the base with its quantisation, the arithmetic, the seed, and the experts' data and
 * settings.
 */
function fingerprintOf(base: string, seed: number, prepared: PreparedExpert[], arithmetic?: Arithmetic): string {
  const parts = prepared.map(({ job, settings, lora, dataHash, start }) => {
    // The number of stored checkpoints does not change what is learned, and `epochs` has become `steps`.
    const { keepCheckpoints: _, epochs: __, arithmetic: ___, loraPlusRatio, ...learned } = settings;
    // Settings that later versions added count where they are set, so that what earlier ones began can be resumed.
    const plus = loraPlusRatio === 1 ? {} : { loraPlusRatio };
    return [job.name, { ...learned, ...plus }, job.steps, factorShape(lora), dataHash, ...(start ? [start.hash] : [])];
  });
  return createHash('sha256')
    .update(JSON.stringify([base, seed, parts, ...(arithmetic === 'int8' ? [arithmetic] : [])]))
    .digest('hex');
}

interface LastCheckpoint {
  path: string;
  checkpoint: Checkpoint;
}

/** The last checkpoint of a run that goes on: its own, or that of the experts where it has none and starts from no other. */
async function lastCheckpoint({ keepIn, from }: TrainRunOptions, path: string): Promise<LastCheckpoint | undefined> {
  const own = keepIn ? (await keptSteps(keepIn)).at(-1) : undefined;
  if (own === undefined && from) return undefined;
  const found = own === undefined ? path : keptCheckpointPath(keepIn!, own);
  const checkpoint = await readCheckpoint(found);
  return checkpoint && { path: found, checkpoint };
}

/** The run's own last checkpoint, or else the one that it starts from. */
async function checkpointToGoOnFrom(
  { from }: TrainRunOptions,
  last: LastCheckpoint | undefined,
  fingerprint: string,
  origin: CheckpointOrigin,
): Promise<Checkpoint | undefined> {
  if (last) {
    checkResumed(last.checkpoint, fingerprint, last.path);
    return last.checkpoint;
  }
  if (!from) return undefined;
  const checkpoint = await readCheckpoint(from);
  if (!checkpoint)
    throw new WorkbenchError(
      'notFound',
      `the checkpoint is not there: ${from}`,
      'It may have been removed to make room for later ones.',
    );
  checkRestored(checkpoint, origin, from);
  const isSameRun = checkpoint.fingerprint === fingerprint;
  // With other settings, an expert whose patience was used up gets another chance.
  if (!isSameRun)
    for (const own of Object.values(checkpoint.position.experts)) Object.assign(own, { stopped: false, waited: 0 });
  return checkpoint;
}
