import type { Base } from '../../experiment/base.ts';
import type { ExpertState } from '../../experiment/checkpoints.ts';
import type { Experiment } from '../../experiment/experiment.ts';
import { hashName } from '../../nn/lora/initFactors.ts';
import { trainLoop } from '../../nn/train/trainLoop.ts';
import type { Device } from '../../protocol/device.ts';
import type { DeviceUse } from '../runtime/deviceUse.ts';
import { trainingBase } from '../training/int8Base.ts';
import { memoryBudget } from '../training/memoryBudget.ts';
import { checkFits, planTraining } from '../training/planTraining.ts';
import type { PreparedExpert } from '../training/prepareExpert.ts';
import { openTrainSessions } from '../training/trainBackend.ts';

export interface OneAdapterOptions {
  experiment: Experiment;
  base: Base;
  threads: number;
  use: DeviceUse;
  /** Bytes that this process may take; what is free without it. */
  memoryLimit: number | undefined;
  /** Where the tokens of data may be kept. */
  cacheFolder: string;
  /** As in `chooseArithmetic`. */
  tell?(note: string): void;
  signal: AbortSignal;
  progress(step: number, steps: number): void;
}

/** How the data is tokenised. */
export function encodingOf({ cacheFolder, signal }: Pick<OneAdapterOptions, 'cacheFolder' | 'signal'>) {
  return { cacheFolder, watch: { signal } };
}

/**
 * Trains the one adapter that experts are compared with, by their code, and gives its factors; nothing is written. `from`
 * holds the state that it starts with.
 */
export async function trainOneAdapter(
  o: OneAdapterOptions,
  prepared: PreparedExpert,
  device: Device,
  from?: Map<string, ExpertState>,
): Promise<Float32Array> {
  const { job, lora, targets } = prepared;
  const { rank, dropout } = lora;
  const { seed } = o.experiment.recipe;
  const budget = memoryBudget(o.memoryLimit, device);
  const { halfFloats } = o.use;
  const { base, threads, cacheFolder } = o;
  const { tell } = o;
  const options = { base, prepared: [prepared], seed, device, halfFloats, budget, threads, cacheFolder, tell };
  const plan = await planTraining(options);
  checkFits(plan, budget);
  const sessions = await openTrainSessions({
    ...plan.graphs,
    // A single expert takes no turns.
    inTurn: false,
    base: await trainingBase(base, plan.graphs.arithmetic, { cacheFolder, threads, signal: o.signal }),
    experts: [{ name: job.name, rank, targets, dropout, seed: hashName(job.name) }],
    threads,
    device,
    from,
  });
  try {
    const loop = trainLoop({
      jobs: [job],
      backend: sessions,
      seed,
      // No checkpoints: this takes some minutes, and starts anew after a crash.
      save: async () => {},
      now: () => performance.now(),
      memory: () => process.memoryUsage.rss(),
      signal: o.signal,
    });
    for await (const event of loop) if (event.type === 'step') o.progress(event.step, event.steps);
    if (o.signal.aborted) throw o.signal.reason;
    return (await sessions.state(job.name)).parameter.slice();
  } finally {
    await sessions.dispose();
  }
}
