import type { Base } from '../../experiment/base.ts';
import type { ExpertState } from '../../experiment/checkpoints.ts';
import type { Experiment } from '../../experiment/experiment.ts';
import type { Adapter } from '../../nn/lora/adapter.ts';
import { hashName } from '../../nn/lora/initFactors.ts';
import { trainLoop } from '../../nn/train/trainLoop.ts';
import type { Device } from '../../protocol/device.ts';
import type { Report } from '../../protocol/report.ts';
import { type DeviceUse, runOn } from '../runtime/deviceUse.ts';
import { memoryBudget } from '../training/memoryBudget.ts';
import { planTraining } from '../training/planTraining.ts';
import { type PreparedExpert, prepareExpert } from '../training/prepareExpert.ts';
import { openTrainSessions } from '../training/trainBackend.ts';
import { trainedAdapter } from '../training/trainedAdapter.ts';

export type SequentialResult = NonNullable<Report['forgetting']['sequential']>;

export const sequentialName = '(one adapter)';

export interface SequentialOptions {
  experiment: Experiment;
  base: Base;
  threads: number;
  use: DeviceUse;
  signal: AbortSignal;
  /** Correct answers and questions of every set, for the adapter as it is now. */
  measure(adapter: Adapter): Promise<Record<string, { correct: number; total: number }>>;
  progress(stage: string, step: number, steps: number): void;
  /** The held-out set that tests an expert's domain. */
  setOf(expert: string): string | undefined;
}

/**
 * Shows catastrophic forgetting: one adapter learns one domain after the other, with the settings, the data and the code of
 * the experts. All domains are measured after every stage.
 */
export async function trainSequentially(o: SequentialOptions): Promise<SequentialResult> {
  const { order, steps } = o.experiment.recipe.evaluation.sequential!;
  const stages: SequentialResult['stages'] = [];
  let before: Float32Array | undefined;
  for (const expert of order) {
    const prepared = await prepareExpert(o.experiment, o.base, expert);
    const length = steps === undefined ? {} : { steps, batches: undefined };
    const job = { ...prepared.job, ...length, name: sequentialName, validation: [] };
    const size = before?.length ?? 0;
    const from =
      before &&
      new Map<string, ExpertState>([
        [sequentialName, { parameter: before, m: new Float32Array(size), v: new Float32Array(size), best: before }],
      ]);
    before = await runOn(o.use, device => learn(o, expert, { ...prepared, job }, from, device));
    const scores = Object.entries(await o.measure(trainedAdapter(o.base, { ...prepared, name: job.name }, before)));
    stages.push({
      trainedOn: o.setOf(expert) ?? expert,
      correct: Object.fromEntries(scores.map(([set, s]) => [set, s.correct])),
      total: Object.fromEntries(scores.map(([set, s]) => [set, s.total])),
    });
  }
  const sets = order.map(expert => o.setOf(expert) ?? expert);
  return { order: sets, stages, forgotten: forgottenShares(sets, stages) };
}

/** Trains the one adapter on one expert's data, and gives its factors. */
async function learn(
  o: SequentialOptions,
  expert: string,
  prepared: PreparedExpert,
  from: Map<string, ExpertState> | undefined,
  device: Device,
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
      if (event.type === 'step') o.progress(expert, event.step, event.steps);
      await new Promise(resolve => setImmediate(resolve));
    }
    if (o.signal.aborted) throw o.signal.reason;
    return (await sessions.state(job.name)).parameter.slice();
  } finally {
    await sessions.dispose();
  }
}

/** Per set: accuracy when its domain had just been learned, minus accuracy at the end. */
function forgottenShares(order: string[], stages: SequentialResult['stages']): Record<string, number> {
  const last = stages.at(-1)!;
  return Object.fromEntries(
    order.flatMap((set, i) => {
      const [then, now] = [stages[i]!, last].map(s => s.correct[set]! / s.total[set]!) as [number, number];
      return Number.isFinite(then) ? [[set, then - now]] : [];
    }),
  );
}
