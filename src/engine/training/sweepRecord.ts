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
import { linearLayers } from '../../nn/model/layout.ts';
import { Random } from '../../nn/tensor/random.ts';
import { type EncodedExample, trainedTokens } from '../../nn/train/assembleBatch.ts';
import { defaultLearningRate } from '../../nn/train/defaultRate.ts';
import type { SweepGrid } from '../../nn/train/sweepGrid.ts';
import type { Arithmetic } from '../../protocol/arithmetic.ts';
import { WorkbenchError } from '../../protocol/errors.ts';
import type { Sweep, SweepEvent, SweepPoint } from '../../protocol/sweep.ts';
import type { TrainingSettings } from '../../recipe/schema.ts';
import { type PreparedExpert, prepareExpert } from './prepareExpert.ts';
import { expertScaling } from './trainedExpert.ts';

/** What is set aside for validation where the recipe names none. */
const setAsideShare = 0.1;
/** Validation examples that are looked at: more take longer than the trainings between them. */
const mostValidation = 256;

/** What a sweep is of. */
export interface SweepOf {
  experiment: Experiment;
  base: Base;
  expert: string;
  grid: SweepGrid;
}

/** Its expert with the data that it learns from, and the examples by which points are compared. */
export interface PreparedSweep {
  prepared: PreparedExpert;
  validation: EncodedExample[];
  /** The recipe names none: they were set aside from its training data. */
  isSetAside: boolean;
}

/** A rate and a rank. */
export type Place = Pick<SweepPoint, 'learningRate' | 'rank'>;

export interface SweepResult {
  /** Whether all points that were asked for are there. */
  finished: boolean;
  sweep: Sweep;
  paths: SweepPaths;
}

/** A sweep under way, for whatever trains its points. */
export interface RecordedSweep {
  key: string;
  wanted: Place[];
  /** Points that are not there yet. */
  missing(): Place[];
  /** Validation loss of the base alone, once it is known. */
  startLoss(): number | undefined;
  /** Writes what came of a point, and tells it; one that is there already is left as it is. */
  keep(point: SweepPoint, startLoss: number): Promise<void>;
}

/** Reads and encodes an expert's data, a part of it set aside where the recipe names no validation data. Throws as prepareExpert. */
export async function prepareSweep(
  { experiment, base, expert }: SweepOf,
  options: { watch: WorkWatch; cacheFolder: string },
): Promise<PreparedSweep> {
  const { recipe } = experiment;
  const isSetAside = recipe.experts[expert]!.data!.validation === undefined;
  const prepared = await prepareExpert(
    isSetAside ? withValidation(experiment, expert) : experiment,
    base,
    expert,
    options,
  );
  return { prepared, validation: sampled(prepared.job.validation, recipe.seed, expert), isSetAside };
}

/**
 * Keeps the comparison of a sweep while `train` trains its points, in whatever order and wherever; `train` gives false where it
 * was stopped. Points that an earlier sweep has done, with all else equal, are there already. `plan` says what is told of
 * the points that are missing, before the first. Throws `busy` where another process sweeps the same.
 */
export async function recordSweep(
  { experiment, base, expert, grid }: SweepOf,
  { prepared, validation, isSetAside }: PreparedSweep,
  { arithmetic, held = base.quantization ?? 'none' }: { arithmetic?: Arithmetic | undefined; held?: string },
  tell: (event: SweepEvent) => void,
  plan: (missing: Place[]) => Promise<Partial<Extract<SweepEvent, { type: 'planned' }>>>,
  train: (sweep: RecordedSweep) => Promise<boolean>,
): Promise<SweepResult> {
  const { recipe } = experiment;
  const key = await keyOf(base, recipe.seed, prepared, grid.steps, validation.length, held, arithmetic);
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
    const isThere = (place: Place) => sweep.points.some(done => isSamePoint(done, place));
    const missing = () => wanted.filter(place => !isThere(place));
    const left = missing();
    const done = () => wanted.length - missing().length;
    const planned = await plan(left);
    tell({
      type: 'planned',
      expert,
      ...grid,
      points: wanted.length,
      done: done(),
      trainExamples: sweep.trainExamples,
      validationExamples: validation.length,
      isSetAside,
      ...planned,
      notes: [...prepared.problems.map(({ message }) => message), ...(planned.notes ?? [])],
    });
    const isWhole =
      left.length === 0 ||
      (await train({
        key,
        wanted,
        missing,
        startLoss: () => (Number.isFinite(sweep.startLoss) ? sweep.startLoss : undefined),
        async keep(point, startLoss) {
          if (isThere(point)) return;
          sweep = { ...sweep, startLoss, points: inOrder([...sweep.points, point]) };
          await writeSweep(paths, sweep);
          const { losses: _, ...told } = point;
          tell({ type: 'point', ...told, point: done(), points: wanted.length });
        },
      }));
    if (!isWhole) tell({ type: 'cancelled', done: done(), points: wanted.length });
    // Also where all points were there: the page may be gone, or of another version.
    if (left.length === 0) await writeSweep(paths, sweep);
    return { finished: missing().length === 0, sweep, paths };
  });
}

export function isSamePoint(a: Place, b: Place): boolean {
  return a.learningRate === b.learningRate && a.rank === b.rank;
}

function inOrder(points: SweepPoint[]): SweepPoint[] {
  return points.sort((a, b) => a.rank - b.rank || a.learningRate - b.learningRate);
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
export function atPoint(
  base: Base,
  prepared: PreparedExpert,
  { learningRate, rank }: Place,
  steps: number,
): PreparedExpert {
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
  base: Base,
  seed: number,
  { job, settings, lora, dataHash }: PreparedExpert,
  steps: number,
  validation: number,
  held: string,
  arithmetic: Arithmetic | undefined,
): Promise<string> {
  const learned = Object.entries(settings).filter(([key]) => !notLearned.includes(key));
  const factors = { ...factorShape(lora), rank: undefined };
  const own = [await hashBase(base), held, seed, job.name, learned, factors, steps, dataHash, validation];
  const parts = arithmetic === 'int8' ? [...own, arithmetic] : own;
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}
