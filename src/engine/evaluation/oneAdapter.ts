import type { Base } from '../../experiment/base.ts';
import type { ExpertState } from '../../experiment/checkpoints.ts';
import type { Experiment } from '../../experiment/experiment.ts';
import { hashName } from '../../nn/lora/initFactors.ts';
import { trainLoop } from '../../nn/train/trainLoop.ts';
import type { Device } from '../../protocol/device.ts';
import type { DeviceUse } from '../runtime/deviceUse.ts';
import { memoryBudget } from '../training/memoryBudget.ts';
import { planTraining } from '../training/planTraining.ts';
import type { PreparedExpert } from '../training/prepareExpert.ts';
import { openTrainSessions } from '../training/trainBackend.ts';

export interface OneAdapterOptions {
  experiment: Experiment;
  base: Base;
  threads: number;
  use: DeviceUse;
  signal: AbortSignal;
  progress(step: number, steps: number): void;
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
  const { graphs } = await planTraining({
    base: o.base,
    prepared: [prepared],
    seed,
    device,
    halfFloats: o.use.halfFloats,
    budget: memoryBudget(undefined, device),
  });
  const sessions = await openTrainSessions({
    ...graphs,
    // A single expert takes no turns.
    inTurn: false,
    base: o.base,
    experts: [{ name: job.name, rank, targets, dropout, seed: hashName(job.name) }],
    threads: o.threads,
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
    for await (const event of loop) {
      if (event.type === 'step') o.progress(event.step, event.steps);
      await new Promise(resolve => setImmediate(resolve));
    }
    if (o.signal.aborted) throw o.signal.reason;
    return (await sessions.state(job.name)).parameter.slice();
  } finally {
    await sessions.dispose();
  }
}
