import type { Base } from '../../experiment/base.ts';
import { factorSeed } from '../../nn/lora/initFactors.ts';
import { assembleBatch, type EncodedExample, trainedTokens } from '../../nn/train/assembleBatch.ts';
import { type TrainBackend, trainLoop } from '../../nn/train/trainLoop.ts';
import type { Device } from '../../protocol/device.ts';
import type { SweepPoint } from '../../protocol/sweep.ts';
import type { TrainStepEvent } from '../../protocol/trainEvents.ts';
import type { TrainingPlan } from './planTraining.ts';
import type { PreparedExpert } from './prepareExpert.ts';
import { startStates } from './startFactors.ts';
import { openTrainSessions } from './trainBackend.ts';

export interface SweepPointOptions {
  base: Base;
  /** The expert with the point's rank, rate and steps. Its own validation is not looked at. */
  prepared: PreparedExpert;
  plan: Pick<TrainingPlan, 'graphs'>;
  validation: readonly EncodedExample[];
  /** Validation loss of the base alone; measured before the first step where it is not known. */
  startLoss: number | undefined;
  seed: number;
  threads: number;
  device: Device;
  onStep(event: TrainStepEvent): void;
  signal: AbortSignal;
}

/**
 * Trains one point of a sweep as a run of its own would be trained: the same first factors, order of the data and schedule.
 * Nothing is written. Undefined where the signal aborts.
 */
export async function trainSweepPoint(
  o: SweepPointOptions,
): Promise<{ point: SweepPoint; startLoss: number } | undefined> {
  const { job, settings, lora } = o.prepared;
  const begun = performance.now();
  const sessions = await openTrainSessions({
    ...o.plan.graphs,
    base: o.base,
    experts: o.plan.graphs.experts.map(expert => ({
      ...expert,
      dropout: lora.dropout,
      seed: factorSeed(o.seed, job.name),
    })),
    threads: o.threads,
    device: o.device,
    from: startStates(o.base, [o.prepared], o.seed),
  });
  try {
    const measure = () => exampleLosses(sessions, o);
    // Factors begin with B at zero: what is measured before the first step is the base.
    const startLosses = o.startLoss === undefined ? await measure() : [];
    if (!startLosses) return undefined;
    const startLoss = o.startLoss ?? tokenMean(startLosses, o.validation);
    const { backend, hasBroken } = watched(sessions);
    let last: TrainStepEvent | undefined;
    const loop = trainLoop({
      jobs: [{ ...job, validation: [] }],
      backend,
      inTurn: o.plan.graphs.inTurn,
      seed: o.seed,
      save: async () => {},
      now: () => performance.now(),
      memory: () => process.memoryUsage.rss(),
      signal: o.signal,
    });
    try {
      for await (const event of loop) {
        if (event.type === 'cancelled') return undefined;
        if (event.type === 'step') o.onStep((last = event));
      }
    } catch (error) {
      if (!hasBroken()) throw error;
    }
    const losses = hasBroken() ? [] : await measure();
    if (!losses) return undefined;
    const loss = losses.length > 0 ? tokenMean(losses, o.validation) : Number.NaN;
    const point: SweepPoint = {
      learningRate: settings.learningRate,
      rank: lora.rank,
      loss,
      losses,
      trainLoss: hasBroken() ? Number.NaN : last!.experts[job.name]!.loss,
      steps: last?.step ?? 0,
      diverged: !(loss <= startLoss),
      tokensPerSecond: last?.tokensPerSecond ?? Number.NaN,
      seconds: (performance.now() - begun) / 1000,
    };
    return { point, startLoss };
  } finally {
    await sessions.dispose();
  }
}

/** A backend that remembers whether a training loss was infinite or no number, at which the training loop ends. */
function watched(backend: TrainBackend): { backend: TrainBackend; hasBroken(): boolean } {
  let isBroken = false;
  const look = (losses: number[]) => {
    isBroken ||= !losses.every(Number.isFinite);
  };
  return {
    hasBroken: () => isBroken,
    backend: {
      ...backend,
      async accumulate(batch, seed) {
        const losses = await backend.accumulate(batch, seed);
        look(losses);
        return losses;
      },
      async step(batch, seed, hyper) {
        const result = await backend.step(batch, seed, hyper);
        look(result.losses);
        return result;
      },
    },
  };
}

/** The loss of each validation example, mean over its trained tokens; undefined where the signal aborts. */
async function exampleLosses(
  backend: TrainBackend,
  { prepared, validation, signal }: SweepPointOptions,
): Promise<number[] | undefined> {
  const { scaling } = prepared.job;
  const losses: number[] = [];
  for (const example of validation) {
    if (signal.aborted) return undefined;
    const batch = assembleBatch([{ expert: 0, scaling, examples: [example], share: 1 }], 1);
    losses.push((await backend.evaluate(batch))[0]!);
  }
  return losses;
}

/** The mean over all trained tokens, as a training's validation has it. */
export function tokenMean(losses: readonly number[], examples: readonly EncodedExample[]): number {
  const tokens = examples.map(e => trainedTokens([e]));
  const sum = losses.reduce((all, loss, i) => all + loss * tokens[i]!, 0);
  return sum / tokens.reduce((a, b) => a + b, 0);
}
