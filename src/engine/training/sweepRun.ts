import { createHash } from 'node:crypto';
import { type Base, hashBase } from '../../experiment/base.ts';
import { factorShape } from '../../experiment/checkpoints.ts';
import type { Experiment } from '../../experiment/experiment.ts';
import { withSweepLock } from '../../experiment/locks.ts';
import type { SweepPaths } from '../../experiment/paths.ts';
import { readSweep, writeSweep } from '../../experiment/sweeps.ts';
import type { WorkWatch } from '../../experiment/workWatch.ts';
import { checkRank } from '../../nn/lora/adapter.ts';
import { rankOf } from '../../nn/lora/adapterConfig.ts';
import { totalBytes } from '../../nn/memory/trainingMemory.ts';
import { linearLayers } from '../../nn/model/layout.ts';
import { Random } from '../../nn/tensor/random.ts';
import { type EncodedExample, trainedTokens } from '../../nn/train/assembleBatch.ts';
import { defaultLearningRate } from '../../nn/train/defaultRate.ts';
import type { SweepGrid } from '../../nn/train/sweepGrid.ts';
import type { Arithmetic } from '../../protocol/arithmetic.ts';
import type { Device } from '../../protocol/device.ts';
import { WorkbenchError } from '../../protocol/errors.ts';
import type { Sweep, SweepEvent, SweepPoint } from '../../protocol/sweep.ts';
import type { TrainingSettings } from '../../recipe/schema.ts';
import { type DeviceUse, runOn } from '../runtime/deviceUse.ts';
import { trainingBase } from './int8Base.ts';
import { memoryBudget } from './memoryBudget.ts';
import { plannedTime } from './plannedTime.ts';
import { checkFits, planTraining, processBytes, type TrainingPlan } from './planTraining.ts';
import { type PreparedExpert, prepareExpert } from './prepareExpert.ts';
import { trainSweepPoint } from './sweepPoint.ts';
import { expertScaling } from './trainedExpert.ts';

export interface SweepOptions {
  experiment: Experiment;
  base: Base;
  expert: string;
  grid: SweepGrid;
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

/** What is set aside for validation where the recipe names none. */
const setAsideShare = 0.1;
/** Validation examples that are looked at: more take longer than the trainings between them. */
const mostValidation = 256;

/**
 * Trains an expert at each point of a grid, with the same seed, order of the data and validation examples, and writes what
 * came of it after each point. Points that an earlier sweep has done, with all else equal, are not trained again. Adapters,
 * checkpoints and runs of the recipe are left alone. Ends early when the signal aborts.
 */
export async function sweepExpert(o: SweepOptions): Promise<{ finished: boolean; sweep: Sweep; paths: SweepPaths }> {
  const { experiment, base, expert, grid, cacheFolder, threads, signal } = o;
  const { recipe } = experiment;
  const isSetAside = recipe.experts[expert]!.data!.validation === undefined;
  const prepared = await prepareExpert(isSetAside ? withValidation(experiment, expert) : experiment, base, expert, o);
  const validation = sampled(prepared.job.validation, recipe.seed, expert);
  const planOf = plans(o, prepared, validation);
  // All before the first: the last point should not be refused after hours.
  for (const rank of grid.ranks) checkFits(await planOf(rank, o.use.device), memoryBudget(o.memoryLimit, o.use.device));

  // Every rank's products are computed alike.
  const { arithmetic } = (await planOf(grid.ranks[0]!, o.use.device)).graphs;
  const key = await keyOf(o, prepared, validation.length, arithmetic);
  const paths = experiment.paths.sweep(expert, key);
  return withSweepLock(experiment.paths, paths.lock, async () => {
    const before = await readSweep(paths);
    let sweep: Sweep = {
      version: 1,
      recipe: experiment.name,
      expert,
      base: recipe.base,
      seed: recipe.seed,
      steps: grid.steps,
      autoRate: defaultLearningRate(base.config),
      alpha: prepared.lora.alpha,
      trainExamples: prepared.job.train.length,
      validationTokens: validation.map(e => trainedTokens([e])),
      isSetAside,
      startLoss: before?.startLoss ?? Number.NaN,
      // Anybody may have changed the file.
      points: (before?.points ?? []).filter(p => p.diverged || p.losses.length === validation.length),
    };
    const wanted = grid.ranks.flatMap(rank => grid.rates.map(learningRate => ({ learningRate, rank })));
    const missing = wanted.filter(p => !sweep.points.some(done => isSamePoint(done, p)));
    const planned = new Map<number, number>();
    const { device } = o.use;
    for (const rank of grid.ranks)
      planned.set(
        rank,
        (await plannedTime(await planOf(rank, device), [grid.steps], o.matMulRate, device, threads)).seconds,
      );
    const largest = await largestPlan(grid.ranks, rank => planOf(rank, device));
    o.tell({
      type: 'planned',
      expert,
      ...grid,
      points: wanted.length,
      done: wanted.length - missing.length,
      trainExamples: sweep.trainExamples,
      validationExamples: validation.length,
      isSetAside,
      seconds: missing.reduce((sum, { rank }) => sum + planned.get(rank)!, 0),
      totalBytes: processBytes + totalBytes(largest.memory),
      notes: [
        ...prepared.problems.map(({ message }) => message),
        ...(largest.isRecomputeChosen ? ['activations are computed again, because they would not fit otherwise'] : []),
      ],
    });

    const took: number[] = [];
    for (const [i, { learningRate, rank }] of missing.entries()) {
      const progressed = { learningRate, rank, point: wanted.length - missing.length + i + 1, points: wanted.length };
      const later = missing.slice(i + 1);
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
          startLoss: Number.isFinite(sweep.startLoss) ? sweep.startLoss : undefined,
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
              secondsLeft: secondsLeft + later.reduce((sum, p) => sum + (mean(took) ?? planned.get(p.rank)!), 0),
              residentBytes,
            }),
          signal,
        }),
      );
      if (!trained) {
        o.tell({ type: 'cancelled', done: wanted.length - missing.length + i, points: wanted.length });
        return { finished: false, sweep, paths };
      }
      const { point, startLoss } = trained;
      took.push(point.seconds);
      sweep = { ...sweep, startLoss, points: inOrder([...sweep.points, point]) };
      await writeSweep(paths, sweep);
      const { losses: _, ...told } = point;
      o.tell({ type: 'point', ...progressed, ...told });
    }
    // Also where all points were there: the page may be gone, or of another version.
    if (missing.length === 0) await writeSweep(paths, sweep);
    return { finished: true, sweep, paths };
  });
}

type Place = Pick<SweepPoint, 'learningRate' | 'rank'>;

function isSamePoint(a: Place, b: Place): boolean {
  return a.learningRate === b.learningRate && a.rank === b.rank;
}

function inOrder(points: SweepPoint[]): SweepPoint[] {
  return points.sort((a, b) => a.rank - b.rank || a.learningRate - b.learningRate);
}

function mean(values: readonly number[]): number | undefined {
  return values.length > 0 ? values.reduce((a, b) => a + b, 0) / values.length : undefined;
}

/** The experiment with a share of an expert's data set aside, as if its recipe said so. */
function withValidation(experiment: Experiment, expert: string): Experiment {
  const { recipe } = experiment;
  const own = recipe.experts[expert]!;
  const experts = { ...recipe.experts, [expert]: { ...own, data: { ...own.data!, validation: setAsideShare } } };
  return { ...experiment, recipe: { ...recipe, experts } };
}

/** The examples, or so many of them by chance, the same with every sweep of the seed. Throws `badData` where there is none. */
function sampled(validation: readonly EncodedExample[], seed: number, expert: string): EncodedExample[] {
  const learned = validation.filter(e => trainedTokens([e]) > 0);
  if (learned.length === 0)
    throw new WorkbenchError('badData', `the validation data of '${expert}' has no example with an answer`);
  return learned.length <= mostValidation ? learned : new Random(seed).shuffle(learned).slice(0, mostValidation);
}

/** The expert as its recipe would have it at a point. Throws as checkRank. */
function atPoint(base: Base, prepared: PreparedExpert, { learningRate, rank }: Place, steps: number): PreparedExpert {
  const lora = { ...prepared.lora, rank };
  const layers = new Map(linearLayers(base.config).map(l => [l.path, l]));
  for (const path of prepared.targets) {
    const layer = layers.get(path)!;
    checkRank(rankOf(lora, path), layer.in, layer.out, path);
  }
  const settings = { ...prepared.settings, learningRate, steps, validateEvery: 0, patience: 0, checkpointEvery: 0 };
  const job = { ...prepared.job, scaling: expertScaling(lora), settings, steps, batches: undefined };
  return { ...prepared, lora, settings, job };
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

/** Settings of which what is learned in a sweep's steps does not depend, or which the sweep sets. */
const notLearned: readonly string[] = [
  'learningRate',
  'steps',
  'epochs',
  'recompute',
  'arithmetic',
  'validateEvery',
  'patience',
  'checkpointEvery',
  'keepCheckpoints',
] satisfies (keyof TrainingSettings)[];

/** A hash of all that a point depends on besides its learning rate and its rank. */
async function keyOf(
  { base, experiment, grid }: SweepOptions,
  { job, settings, lora, dataHash }: PreparedExpert,
  validation: number,
  arithmetic: Arithmetic | undefined,
): Promise<string> {
  const learned = Object.entries(settings).filter(([key]) => !notLearned.includes(key));
  const factors = { ...factorShape(lora), rank: undefined };
  const held = base.quantization ?? 'none';
  const { seed } = experiment.recipe;
  const own = [await hashBase(base), held, seed, job.name, learned, factors, grid.steps, dataHash, validation];
  const parts = arithmetic === 'int8' ? [...own, arithmetic] : own;
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}
