import type { WorkWatch } from '../../experiment/workWatch.ts';
import { totalBytes } from '../../nn/memory/trainingMemory.ts';
import type { EncodedExample } from '../../nn/train/assembleBatch.ts';
import type { Device } from '../../protocol/device.ts';
import type { SweepEvent } from '../../protocol/sweep.ts';
import { type DeviceUse, runOn } from '../runtime/deviceUse.ts';
import { trainingBase } from './int8Base.ts';
import { memoryBudget } from './memoryBudget.ts';
import { plannedTime } from './plannedTime.ts';
import { checkFits, planTraining, processBytes, type TrainingPlan } from './planTraining.ts';
import type { PreparedExpert } from './prepareExpert.ts';
import { trainSweepPoint } from './sweepPoint.ts';
import { atPoint, prepareSweep, recordSweep, type SweepOf, type SweepResult } from './sweepRecord.ts';

export interface SweepOptions extends SweepOf {
  use: DeviceUse;
  threads: number;
  memoryLimit: number | undefined;
  /** Floating-point operations a second in a large product. */
  matMulRate: number;
  watch: WorkWatch;
  cacheFolder: string;
  tell(event: SweepEvent): void;
  signal: AbortSignal;
}

/**
 * Trains an expert at each point of a grid, with the same seed, order of the data and validation examples, and writes what
 * came of it after each point. Points that an earlier sweep has done, with all else equal, are not trained again. Adapters,
 * checkpoints and runs of the recipe are left alone. Ends early when the signal aborts.
 */
export async function sweepExpert(o: SweepOptions): Promise<SweepResult> {
  const { experiment, base, expert, grid, cacheFolder, threads, signal } = o;
  const { recipe } = experiment;
  const data = await prepareSweep(o, o);
  const { prepared, validation } = data;
  const planOf = plans(o, prepared, validation);
  // All before the first: the last point should not be refused after hours.
  for (const rank of grid.ranks) checkFits(await planOf(rank, o.use.device), memoryBudget(o.memoryLimit, o.use.device));

  // Every rank's products are computed alike.
  const { arithmetic } = (await planOf(grid.ranks[0]!, o.use.device)).graphs;
  const planned = new Map<number, number>();
  return recordSweep(
    o,
    data,
    { arithmetic },
    o.tell,
    async missing => {
      const { device } = o.use;
      for (const rank of grid.ranks)
        planned.set(
          rank,
          (await plannedTime(await planOf(rank, device), [grid.steps], o.matMulRate, device, threads)).seconds,
        );
      const largest = await largestPlan(grid.ranks, rank => planOf(rank, device));
      return {
        seconds: missing.reduce((sum, { rank }) => sum + planned.get(rank)!, 0),
        totalBytes: processBytes + totalBytes(largest.memory),
        notes: largest.isRecomputeChosen
          ? ['activations are computed again, because they would not fit otherwise']
          : [],
      };
    },
    async ({ wanted, missing, startLoss, keep }) => {
      const took: number[] = [];
      for (const left = missing(); left.length > 0; ) {
        const { learningRate, rank } = left.shift()!;
        const progressed = { learningRate, rank, point: wanted.length - left.length, points: wanted.length };
        const trained = await runOn(o.use, async device =>
          trainSweepPoint({
            base: await trainingBase(base, (await planOf(rank, device)).graphs.arithmetic, {
              cacheFolder,
              threads,
              signal,
            }),
            prepared: atPoint(base, prepared, { learningRate, rank }, grid.steps),
            plan: await planOf(rank, device),
            validation,
            startLoss: startLoss(),
            seed: recipe.seed,
            threads,
            device,
            onStep: ({ step, steps, experts, tokensPerSecond, secondsLeft, residentBytes }) =>
              o.tell({
                type: 'step',
                ...progressed,
                step,
                steps,
                loss: experts[expert]!.loss,
                tokensPerSecond,
                secondsLeft: secondsLeft + left.reduce((sum, p) => sum + (mean(took) ?? planned.get(p.rank)!), 0),
                residentBytes,
              }),
            signal,
          }),
        );
        if (!trained) return false;
        took.push(trained.point.seconds);
        await keep(trained.point, trained.startLoss);
      }
      return true;
    },
  );
}

function mean(values: readonly number[]): number | undefined {
  return values.length > 0 ? values.reduce((a, b) => a + b, 0) / values.length : undefined;
}

/** The memory plan of a rank's points on a device, made once: their learning rates change nothing of it. */
function plans(o: SweepOptions, prepared: PreparedExpert, validation: EncodedExample[]) {
  const known = new Map<string, Promise<TrainingPlan>>();
  return (rank: number, device: Device): Promise<TrainingPlan> => {
    const key = `${device} ${rank}`;
    const { steps } = o.grid;
    const { learningRate } = prepared.settings;
    const make = async () => {
      const at = atPoint(o.base, prepared, { learningRate, rank }, steps);
      const settings = { ...at.settings, validateEvery: steps };
      return planTraining({
        base: o.base,
        prepared: [{ ...at, settings, job: { ...at.job, settings, validation } }],
        seed: o.experiment.recipe.seed,
        device,
        halfFloats: o.use.halfFloats,
        budget: memoryBudget(o.memoryLimit, device),
        threads: o.threads,
        cacheFolder: o.cacheFolder,
      });
    };
    const plan = known.get(key) ?? make();
    known.set(key, plan);
    return plan;
  };
}

async function largestPlan(ranks: readonly number[], planOf: (rank: number) => Promise<TrainingPlan>) {
  const all = await Promise.all(ranks.map(planOf));
  return all.reduce((a, b) => (totalBytes(b.memory) > totalBytes(a.memory) ? b : a));
}
