import { WorkbenchError } from '../../protocol/errors.ts';
import type { TrainEvent, TrainStepEvent } from '../../protocol/trainEvents.ts';
import { hashName } from '../lora/initFactors.ts';
import { hyperVector } from './adamw.ts';
import { assembleBatch, type Batch, type BatchPart, type EncodedExample } from './assembleBatch.ts';
import { batchOrder, type DataPosition } from './batchOrder.ts';
import { lengthGroups } from './lengthGroups.ts';
import { learningRate } from './schedule.ts';
import type { TrainSettings } from './trainSettings.ts';

/** One expert of a run. */
export interface TrainPlan {
  name: string;
  scaling: number;
  dropout: number;
  settings: TrainSettings;
  /** Optimiser steps it takes. */
  steps: number;
  train: EncodedExample[];
  validation: EncodedExample[];
}

/** Runs batches; owns parameters and optimiser state. Losses are in the order of the plans. */
export interface TrainBackend {
  /** Adds the batch's gradients to those kept. */
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

/** Everything of a run that is not a tensor. */
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
  plans: TrainPlan[];
  backend: TrainBackend;
  /** Each run of the graph holds rows of one expert alone; else the experts share runs. */
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
 * Trains all plans together, step by step. Each expert sees the batches and the updates it would see alone: its data
 * order, loss, clip and schedule depend on its own name, data and settings only.
 * Ends early, with a checkpoint written, when the signal aborts.
 */
export async function* trainLoop(o: TrainLoopOptions): AsyncGenerator<TrainEvent> {
  const { plans } = o;
  const position: RunPosition = o.from ?? {
    step: 0,
    experts: Object.fromEntries(plans.map(p => [p.name, freshPosition()])),
  };
  const orders = plans.map(p => {
    const lengths = p.train.map(e => e.ids.length);
    return batchOrder(
      lengths,
      Math.min(p.settings.batchSize, lengths.length),
      (o.seed ^ hashName(p.name)) >>> 0,
      position.experts[p.name]!.data,
    );
  });
  const total = Math.max(...plans.map(p => p.steps));
  const rate = rateMeter(o.now);
  const running = () =>
    plans.filter(p => !position.experts[p.name]!.stopped && position.experts[p.name]!.step < p.steps);

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
    for (const plan of active) {
      const event = await validate(o, plan, position);
      if (event) yield event;
    }
    const every = Math.min(...active.map(p => p.settings.checkpointEvery || Number.POSITIVE_INFINITY));
    if (position.step % every === 0) {
      await o.save(position);
      yield { type: 'checkpoint', step: position.step };
    }
  }
  await o.save(position);
  yield { type: 'trained', step: position.step };
}

type Orders = ReturnType<typeof batchOrder>[];

interface StepResult {
  tokens: number;
  experts: TrainStepEvent['experts'];
}

/** One optimiser step of each active expert. */
async function oneStep(
  o: TrainLoopOptions,
  active: TrainPlan[],
  orders: Orders,
  position: RunPosition,
): Promise<StepResult> {
  const all: StepResult = { tokens: 0, experts: {} };
  for (const sharing of o.inTurn ? active.map(p => [p]) : [active]) {
    const { tokens, experts } = await sharedStep(o, sharing, orders, position);
    all.tokens += tokens;
    Object.assign(all.experts, experts);
  }
  return all;
}

/** One optimiser step of experts that share their runs of the graph. */
async function sharedStep(
  o: TrainLoopOptions,
  active: TrainPlan[],
  orders: Orders,
  position: RunPosition,
): Promise<StepResult> {
  const losses = new Map<string, number>(active.map(p => [p.name, 0]));
  const note = (values: number[]) => {
    for (const p of active) losses.set(p.name, losses.get(p.name)! + values[o.plans.indexOf(p)]!);
  };
  const runs = drawRuns(o, active, orders);
  for (const part of runs.flat()) {
    const own = position.experts[o.plans[part.expert]!.name]!;
    own.tokens += part.examples.reduce((sum, e) => sum + e.ids.length, 0);
  }
  const batches = runs.map(parts => assembleBatch(parts, o.plans.length));
  // Counted from the last run, as the runs of an expert are, so that it draws the same masks alone and in company.
  const dropoutSeed = (run: number) => (o.seed + position.step * 1024 + (batches.length - 1 - run)) >>> 0;
  for (const [run, batch] of batches.slice(0, -1).entries()) note(await o.backend.accumulate(batch, dropoutSeed(run)));
  const rates = new Map<string, number>();
  const hyper = new Map<string, Float32Array>();
  for (const p of active) {
    const own = position.experts[p.name]!;
    own.step++;
    rates.set(p.name, learningRate(p.settings, own.step, p.steps));
    hyper.set(p.name, hyperVector(p.settings, rates.get(p.name)!, own.step));
  }
  const result = await o.backend.step(batches.at(-1)!, dropoutSeed(batches.length - 1), hyper);
  note(result.losses);
  const { norms } = result;
  const tokens = batches.reduce((sum, b) => sum + b.tokens, 0);
  for (const p of active) position.experts[p.name]!.data = orders[o.plans.indexOf(p)]!.position;
  const experts = Object.fromEntries(
    active.map(p => {
      const loss = losses.get(p.name)!;
      if (!Number.isFinite(loss))
        throw new WorkbenchError(
          'runtime',
          `the loss of expert '${p.name}' is ${loss} at step ${position.step}`,
          'Lower its learningRate, or set maxNorm to 1. The last checkpoint is kept.',
        );
      return [p.name, { loss, learningRate: rates.get(p.name)!, gradientNorm: norms.get(p.name)! }];
    }),
  );
  return { tokens, experts };
}

/** The rows of a step, as the runs of the graph that take them. */
function drawRuns(o: TrainLoopOptions, active: TrainPlan[], orders: Orders): BatchPart[][] {
  const count = Math.max(...active.map(p => p.settings.accumulation));
  const runs = Array.from({ length: count }, (_, run) =>
    active
      // An expert with fewer runs joins the last ones.
      .filter(p => run >= count - p.settings.accumulation)
      .map((p): BatchPart => {
        const index = o.plans.indexOf(p);
        const examples = orders[index]!.next().map(i => p.train[i]!);
        return { expert: index, scaling: p.scaling, examples, share: 1 / p.settings.accumulation };
      }),
  );
  return !o.inTurn && splitsRuns(o.plans) ? runs.flatMap(lengthGroups) : runs;
}

/** Whether a step of these plans may take several runs of the graph, whose gradients are added up. */
export function addsUpRuns(plans: Pick<TrainPlan, 'dropout' | 'settings'>[], inTurn: boolean): boolean {
  return (!inTurn && splitsRuns(plans)) || plans.some(p => p.settings.accumulation > 1);
}

/** Masks of dropout follow the rows of a run, so rows are only regrouped without it. */
function splitsRuns(plans: Pick<TrainPlan, 'dropout'>[]): boolean {
  return plans.length > 1 && plans.every(p => p.dropout === 0);
}

/** Validation loss where it is due, with the best kept and the patience counted. */
async function validate(o: TrainLoopOptions, plan: TrainPlan, position: RunPosition): Promise<TrainEvent | undefined> {
  const own = position.experts[plan.name]!;
  const { validateEvery, patience, batchSize } = plan.settings;
  if (plan.validation.length === 0 || validateEvery === 0) return undefined;
  if (own.step % validateEvery !== 0 && own.step !== plan.steps) return undefined;
  const index = o.plans.indexOf(plan);
  const sorted = [...plan.validation].sort((a, b) => a.ids.length - b.ids.length);
  let sum = 0;
  let count = 0;
  for (let i = 0; i < sorted.length; i += batchSize) {
    const examples = sorted.slice(i, i + batchSize);
    const batch = assembleBatch([{ expert: index, scaling: plan.scaling, examples, share: 1 }], o.plans.length);
    sum += (await o.backend.evaluate(batch))[index]! * batch.labels.length;
    count += batch.labels.length;
  }
  const loss = sum / count;
  const better = own.best === undefined || loss < own.best.loss;
  if (better) {
    own.best = { loss, step: own.step };
    own.waited = 0;
    await o.backend.keepBest(plan.name);
  } else {
    own.waited++;
    own.stopped = patience > 0 && own.waited >= patience;
  }
  return { type: 'validation', step: own.step, expert: plan.name, loss, best: better, stopped: own.stopped };
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
