import type { ExpertState } from '../../experiment/checkpoints.ts';
import type { Adapter } from '../../nn/lora/adapter.ts';
import type { Report } from '../../protocol/report.ts';
import { runOn } from '../runtime/deviceUse.ts';
import { prepareExpert } from '../training/prepareExpert.ts';
import { trainedAdapter } from '../training/trainedAdapter.ts';
import { encodingOf, type OneAdapterOptions, trainOneAdapter } from './oneAdapter.ts';

export type SequentialResult = NonNullable<Report['forgetting']['sequential']>;

const sequentialName = '(one adapter)';

export interface SequentialOptions extends Omit<OneAdapterOptions, 'progress'> {
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
    const prepared = await prepareExpert(o.experiment, o.base, expert, encodingOf(o));
    const length = steps === undefined ? {} : { steps, batches: undefined };
    const job = { ...prepared.job, ...length, name: sequentialName, validation: [] };
    const size = before?.length ?? 0;
    const from =
      before &&
      new Map<string, ExpertState>([
        [sequentialName, { parameter: before, m: new Float32Array(size), v: new Float32Array(size), best: before }],
      ]);
    before = await runOn(o.use, device =>
      trainOneAdapter(
        { ...o, progress: (step, steps) => o.progress(expert, step, steps) },
        { ...prepared, job },
        device,
        from,
      ),
    );
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
