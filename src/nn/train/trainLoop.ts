import { WorkbenchError } from '../../protocol/errors.ts';
import type { TrainEvent, TrainStepEvent } from '../../protocol/trainEvents.ts';
import { hashName } from '../lora/initFactors.ts';
import { type AdamWSettings, hyperVector } from './adamw.ts';
import {
  assembleBatch,
  type Batch,
  type BatchPart,
  type EncodedExample,
  lengthGroups,
  trainedTokens,
} from './assembleBatch.ts';
import { batchOrder, type DataPosition } from './batchOrder.ts';
import { learningRate, type RateSchedule, type StepSettings } from './schedule.ts';

/** What the training loop follows. `training` of a recipe has these keys and sets their defaults. */
interface TrainSettings extends AdamWSettings, RateSchedule, StepSettings {
  /** Steps between validation losses; 0 for none. */
  validateEvery: number;
  /** Validations without a better loss after which an expert stops; 0 for never. */
  patience: number;
  /** Steps between checkpoints; 0 for none. */
  checkpointEvery: number;
}

/** The training of one expert: what it learns from, and how. */
export interface TrainingJob {
  name: string;
  scaling: number;
  dropout: number;
  settings: TrainSettings;
  /** Optimiser steps it takes. */
  steps: number;
  /** Batches of these steps, where the last step has fewer than `accumulation`. */
  batches?: number;
  train: EncodedExample[];
  validation: EncodedExample[];
}

/** Executes the graphs on batches; owns parameters and optimiser state. Losses are in the order of the jobs. */
export interface TrainBackend {
  /** Adds the batch's gradients to the accumulated ones. */
  accumulate(batch: Batch, dropoutSeed: number): Promise<number[]>;
  /** Adds the batch's gradients and updates the experts that `hyper` names; others keep their bits. */
  step(
    batch: Batch,
    dropoutSeed: number,
    hyper: Map<string, Float32Array>,
  ): Promise<{ losses: number[]; norms: Map<string, number> }>;
  evaluate(batch: Batch): Promise<number[]>;
  /** Notes the expert's present factors as its best. */
  keepBest(expert: string): Promise<void>;
}

/** The state of a training run, tensors apart. */
export interface RunPosition {
  step: number;
  experts: Record<string, ExpertPosition>;
}

interface ExpertPosition {
  step: number;
  data: DataPosition;
  tokens: number;
  /** Lowest validation loss so far, and the step at which it was seen. */
  best: { loss: number; step: number } | undefined;
  /** Validations since the best. */
  waited: number;
  stopped: boolean;
}

export interface TrainLoopOptions {
  jobs: TrainingJob[];
  backend: TrainBackend;
  /** Each batch holds the rows of one expert alone; otherwise the experts share batches. */
  inTurn?: boolean;
  seed: number;
  from?: RunPosition;
  /** Writes a checkpoint of backend and position; resolves when it is on disk. */
  save(position: RunPosition): Promise<void>;
  /** Milliseconds and resident bytes, for rates and estimates. */
  now(): number;
  memory(): number;
  signal: AbortSignal;
}

/**
 * Trains all jobs together, step by step. Each expert sees the batches and the updates it would see alone: its data
 * order, loss, clip and schedule depend on its own name, data and settings only.
 * Ends early, with a checkpoint written, when the signal aborts.
 */
export async function* trainLoop(o: TrainLoopOptions): AsyncGenerator<TrainEvent> {
  const { jobs } = o;
  const position: RunPosition = o.from ?? {
    step: 0,
    experts: Object.fromEntries(jobs.map(job => [job.name, freshPosition()])),
  };
  const orders = jobs.map(job => dataOrder(job, o.seed, position.experts[job.name]!.data));
  const total = Math.max(...jobs.map(job => job.steps));
  const rate = rateMeter(o.now);
  const running = () =>
    jobs.filter(job => !position.experts[job.name]!.stopped && position.experts[job.name]!.step < job.steps);

  for (let active = running(); active.length > 0; active = running()) {
    if (o.signal.aborted) {
      await o.save(position);
      yield { type: 'cancelled', step: position.step };
      return;
    }
    position.step++;
    const step = await oneStep(o, active, orders, position);
    const speed = rate.add(step.tokens);
    yield {
      type: 'step',
      step: position.step,
      steps: total,
      experts: step.experts,
      tokensPerSecond: speed,
      secondsLeft: (total - position.step) * rate.secondsPerStep(),
      residentBytes: o.memory(),
    };
    for (const job of active) {
      const event = await validate(o, job, position);
      if (event) yield event;
    }
    const every = Math.min(...active.map(job => job.settings.checkpointEvery || Number.POSITIVE_INFINITY));
    if (position.step % every === 0) {
      await o.save(position);
      yield { type: 'checkpoint', step: position.step };
    }
  }
  await o.save(position);
  yield { type: 'trained', step: position.step };
}

/** The batches of a job from a position on, as numbers of its rows, in a run with this seed. */
export function dataOrder({ name, train, settings }: TrainingJob, seed: number, at: DataPosition) {
  const lengths = train.map(e => e.ids.length);
  return batchOrder(lengths, settings.batchSize, (seed ^ hashName(name)) >>> 0, at);
}

type Orders = ReturnType<typeof batchOrder>[];

interface StepResult {
  tokens: number;
  experts: TrainStepEvent['experts'];
}

/** One optimiser step of each active expert. */
async function oneStep(
  o: TrainLoopOptions,
  active: TrainingJob[],
  orders: Orders,
  position: RunPosition,
): Promise<StepResult> {
  const all: StepResult = { tokens: 0, experts: {} };
  for (const sharing of o.inTurn ? active.map(job => [job]) : [active]) {
    const { tokens, experts } = await sharedStep(o, sharing, orders, position);
    all.tokens += tokens;
    Object.assign(all.experts, experts);
  }
  return all;
}

/** One optimiser step of experts that share their batches. */
async function sharedStep(
  o: TrainLoopOptions,
  active: TrainingJob[],
  orders: Orders,
  position: RunPosition,
): Promise<StepResult> {
  const losses = new Map<string, number>(active.map(job => [job.name, 0]));
  const note = (values: number[]) => {
    for (const job of active) losses.set(job.name, losses.get(job.name)! + values[o.jobs.indexOf(job)]!);
  };
  const microBatches = drawMicroBatches(o, active, orders, position);
  for (const part of microBatches.flat()) {
    const own = position.experts[o.jobs[part.expert]!.name]!;
    own.tokens += part.examples.reduce((sum, e) => sum + e.ids.length, 0);
  }
  const batches = microBatches.map(parts => assembleBatch(parts, o.jobs.length));
  // Counted from the last batch, as the batches of an expert are, so that it draws the same masks alone and in company.
  const dropoutSeed = (index: number) => (o.seed + position.step * 1024 + (batches.length - 1 - index)) >>> 0;
  for (const [i, batch] of batches.slice(0, -1).entries()) note(await o.backend.accumulate(batch, dropoutSeed(i)));
  const rates = new Map<string, number>();
  const hyper = new Map<string, Float32Array>();
  for (const job of active) {
    const own = position.experts[job.name]!;
    own.step++;
    rates.set(job.name, learningRate(job.settings, own.step, job.steps));
    hyper.set(job.name, hyperVector(job.settings, rates.get(job.name)!, own.step));
  }
  const result = await o.backend.step(batches.at(-1)!, dropoutSeed(batches.length - 1), hyper);
  note(result.losses);
  const { norms } = result;
  const tokens = batches.reduce((sum, b) => sum + b.tokens, 0);
  for (const job of active) position.experts[job.name]!.data = orders[o.jobs.indexOf(job)]!.position;
  const experts = Object.fromEntries(
    active.map(job => {
      const loss = losses.get(job.name)!;
      if (!Number.isFinite(loss))
        throw new WorkbenchError(
          'runtime',
          `the loss of expert '${job.name}' is ${loss} at step ${position.step}`,
          'Lower its learningRate, or set maxNorm to 1. The last checkpoint is kept.',
        );
      return [job.name, { loss, learningRate: rates.get(job.name)!, gradientNorm: norms.get(job.name)! }];
    }),
  );
  return { tokens, experts };
}

/** The rows of a step, one list of parts for each micro-batch. */
function drawMicroBatches(
  o: TrainLoopOptions,
  active: TrainingJob[],
  orders: Orders,
  position: RunPosition,
): BatchPart[][] {
  const accumulated = ({ name, settings: { accumulation }, steps, batches = steps * accumulation }: TrainingJob) =>
    Math.min(accumulation, batches - position.experts[name]!.step * accumulation);
  const drawn = active.map(job => {
    const expert = o.jobs.indexOf(job);
    const batches = Array.from({ length: accumulated(job) }, () => orders[expert]!.next().map(i => job.train[i]!));
    const tokens = batches.map(trainedTokens);
    const all = tokens.reduce((a, b) => a + b, 0);
    // A step's loss is the mean over its trained tokens, however they are spread over batches.
    return batches.map(
      (examples, i): BatchPart => ({ expert, scaling: job.scaling, examples, share: tokens[i]! / all }),
    );
  });
  const count = Math.max(...drawn.map(parts => parts.length));
  // An expert that accumulates over fewer micro-batches joins the last ones.
  const microBatches = Array.from({ length: count }, (_, i) =>
    drawn.flatMap(parts => parts[i - count + parts.length] ?? []),
  );
  return !o.inTurn && splitsMicroBatches(o.jobs) ? microBatches.flatMap(lengthGroups) : microBatches;
}

/** Whether a step of these jobs may take several micro-batches, whose gradients are added up. */
export function accumulatesGradients(jobs: Pick<TrainingJob, 'dropout' | 'settings'>[], inTurn: boolean): boolean {
  return (!inTurn && splitsMicroBatches(jobs)) || jobs.some(job => job.settings.accumulation > 1);
}

/** Dropout masks follow the rows of a batch, so rows are only regrouped without dropout. */
function splitsMicroBatches(jobs: Pick<TrainingJob, 'dropout'>[]): boolean {
  return jobs.length > 1 && jobs.every(job => job.dropout === 0);
}

/** The validation loss where it is due; stores the best factors and counts the patience. */
async function validate(o: TrainLoopOptions, job: TrainingJob, position: RunPosition): Promise<TrainEvent | undefined> {
  const own = position.experts[job.name]!;
  const { validateEvery, patience, batchSize } = job.settings;
  if (job.validation.length === 0 || validateEvery === 0) return undefined;
  if (own.step % validateEvery !== 0 && own.step !== job.steps) return undefined;
  const index = o.jobs.indexOf(job);
  const sorted = [...job.validation].sort((a, b) => a.ids.length - b.ids.length);
  let sum = 0;
  let count = 0;
  for (let i = 0; i < sorted.length; i += batchSize) {
    const examples = sorted.slice(i, i + batchSize);
    const batch = assembleBatch([{ expert: index, scaling: job.scaling, examples, share: 1 }], o.jobs.length);
    sum += (await o.backend.evaluate(batch))[index]! * batch.labels.length;
    count += batch.labels.length;
  }
  const loss = sum / count;
  const better = own.best === undefined || loss < own.best.loss;
  if (better) {
    own.best = { loss, step: own.step };
    own.waited = 0;
    await o.backend.keepBest(job.name);
  } else {
    own.waited++;
    own.stopped = patience > 0 && own.waited >= patience;
  }
  return { type: 'validation', step: own.step, expert: job.name, loss, best: better, stopped: own.stopped };
}

function freshPosition(): ExpertPosition {
  return { step: 0, data: { epoch: 0, batch: 0 }, tokens: 0, best: undefined, waited: 0, stopped: false };
}

/** Speed over the last steps, so that an estimate follows what the machine does now. */
function rateMeter(now: () => number) {
  const window: { at: number; tokens: number }[] = [{ at: now(), tokens: 0 }];
  const span = () => (window.at(-1)!.at - window[0]!.at) / 1000;
  return {
    add(tokens: number): number {
      window.push({ at: now(), tokens });
      if (window.length > 21) window.shift();
      return window.slice(1).reduce((sum, w) => sum + w.tokens, 0) / span();
    },
    secondsPerStep: () => span() / (window.length - 1),
  };
}
