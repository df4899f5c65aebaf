import { copyFile, link, mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import * as z from 'zod/mini';
import { encodeSafetensors } from '../nn/files/safetensors.ts';
import { allFinite } from '../nn/tensor/allFinite.ts';
import type { RunPosition } from '../nn/train/trainLoop.ts';
import { anyNumber } from '../protocol/contract.ts';
import type { KeptCheckpoint } from '../protocol/engine/training.ts';
import { WorkbenchError } from '../protocol/errors.ts';
import { type Quantization, quantizations } from '../protocol/quantization.ts';
import { type ReportCurve, reportCurve } from '../protocol/report.ts';
import type { LoraSettings } from '../recipe/schema.ts';
import { storageError, writeFileAtomic } from './files.ts';
import { keptCheckpointPath, type ResultPaths, runPaths, stepOfCheckpoint } from './paths.ts';
import { fitting } from './readOwnFile.ts';
import { temporaryNames } from './removeStaleFiles.ts';
import { readSafetensors, readSafetensorsHeader } from './safetensorsFile.ts';

/** Parameters and optimiser state of one expert, each a flat vector (see expertGroup for the order). */
export interface ExpertState {
  parameter: Float32Array;
  m: Float32Array;
  v: Float32Array;
  best: Float32Array;
}

/** What a checkpoint says beside its tensors. */
export interface CheckpointHead {
  /** Hash of base, data and settings: a run is only resumed as the same run. */
  fingerprint: string;
  /** Absent in what was written before there was one. */
  origin?: CheckpointOrigin;
  position: RunPosition;
  curves: ReportCurve[];
}

/** Everything from which a run goes on as if it had never stopped. */
export interface Checkpoint extends CheckpointHead {
  states: Map<string, ExpertState>;
}

/** What the factors are of: enough to make adapters of them, whatever the recipe says by then. */
export interface CheckpointOrigin {
  /** SHA-256 of the base's stored weights, and how they were held. */
  baseHash: string;
  quantization?: Quantization;
  seed: number;
  experts: ExpertOrigin[];
}

export interface ExpertOrigin {
  name: string;
  lora: LoraSettings;
  /** Paths of the layers that carry factors. */
  targets: string[];
  /** SHA-256 of the examples in tokens, with what of them is learned. */
  dataHash: string;
  trainExamples: number;
}

const parts = ['parameter', 'm', 'v', 'best'] as const;

/**
 * Writes a checkpoint as one safetensors file, whole or not at all. Throws `runtime` for factors or moments that are not
 * finite: who went on from them would have a broken adapter.
 */
export async function writeCheckpoint(path: string, { states, ...head }: Checkpoint): Promise<void> {
  const tensors = [...states].flatMap(([name, state]) =>
    parts.map(part => ({
      name: `${name}.${part}`,
      dtype: 'F32' as const,
      shape: [state[part].length],
      data: state[part],
    })),
  );
  const broken = tensors.find(({ data }) => !allFinite(data));
  if (broken)
    throw new WorkbenchError(
      'runtime',
      `step ${head.position.step}: ${broken.name} holds values that are infinite or not numbers; no checkpoint was written`,
      'Lower the learningRate, or set maxNorm to 1. The last checkpoint is kept.',
    );
  const { fingerprint, ...others } = head;
  const metadata = Object.fromEntries(Object.entries(others).map(([key, value]) => [key, JSON.stringify(value)]));
  await writeFileAtomic(path, encodeSafetensors(tensors, { fingerprint, ...metadata }));
}

/** Reads a checkpoint; undefined when there is none. Throws `badFile`. */
export async function readCheckpoint(path: string): Promise<Checkpoint | undefined> {
  const file = await readSafetensors(path, 'the checkpoint').catch(error => {
    if (!(error instanceof WorkbenchError)) throw error;
    if (error.code === 'notFound') return undefined;
    throw error.code === 'badFile' ? new WorkbenchError('badFile', error.message, trainAnew) : error;
  });
  if (!file) return undefined;
  const head = headOf(file.metadata, path);
  const states = new Map<string, ExpertState>();
  for (const name of Object.keys(head.position.experts)) {
    const state = Object.fromEntries(
      parts.map(part => {
        const tensor = file.tensors.get(`${name}.${part}`);
        if (!tensor) throw new WorkbenchError('badFile', `${path} lacks the tensor '${name}.${part}'`, trainAnew);
        return [part, tensor.data];
      }),
    );
    states.set(name, state as unknown as ExpertState);
  }
  return { ...head, states };
}

/** What a checkpoint says of itself; its tensors are not read. Throws `notFound` or `badFile`. */
async function readCheckpointHead(path: string): Promise<CheckpointHead> {
  return headOf((await readSafetensorsHeader(path)).metadata, path);
}

function headOf({ fingerprint, origin, position, curves }: Record<string, string>, path: string): CheckpointHead {
  const json: Record<string, unknown> = { fingerprint: fingerprint ?? '' };
  try {
    if (origin) json.origin = JSON.parse(origin);
    json.position = JSON.parse(position!);
    json.curves = JSON.parse(curves!);
  } catch {
    throw new WorkbenchError('badFile', `${path} does not say how far its run was`, trainAnew);
  }
  return fitting(json, checkpointHead, path, 'the checkpoint', trainAnew) as CheckpointHead;
}

const whole = z.int().check(z.minimum(0));
/** What a head says, which is believed only as far as it fits. */
const checkpointHead = z.object({
  fingerprint: z.string(),
  origin: z.optional(
    z.object({
      baseHash: z.string(),
      quantization: z.optional(z.enum(quantizations)),
      seed: z.number(),
      experts: z.array(
        z.object({
          name: z.string(),
          lora: z.looseObject({
            rank: z.int().check(z.minimum(1)),
            alpha: z.number(),
            rslora: z.boolean(),
            targets: z.union([z.string(), z.array(z.string())]),
            dropout: z.number(),
          }),
          targets: z.array(z.string()),
          dataHash: z.string(),
          trainExamples: whole,
        }),
      ),
    }),
  ),
  position: z.looseObject({
    step: whole,
    experts: z.record(
      z.string(),
      z.looseObject({
        step: whole,
        data: z.looseObject({ epoch: whole, batch: whole }),
        tokens: z.number(),
        best: z.optional(z.object({ loss: anyNumber, step: whole })),
        waited: whole,
        stopped: z.boolean(),
      }),
    ),
  }),
  curves: z.array(reportCurve),
});

const trainAnew = 'Train anew without --resume.';

/** A run goes on as itself alone. Throws `mismatch`. */
export function checkResumed({ fingerprint }: CheckpointHead, expected: string, path: string): void {
  if (fingerprint === expected) return;
  throw new WorkbenchError(
    'mismatch',
    `${path} is of a run with another base, other data or other settings`,
    'Restore them, or train anew without --resume.',
  );
}

/**
 * Another run may go on from a checkpoint with other settings of training, but not with another base, other factors or
 * other data: its numbers would mean something else. Throws `mismatch` with what differs.
 */
export function checkRestored({ origin }: CheckpointHead, expected: CheckpointOrigin, path: string): void {
  const other = origin ? differenceOf(origin, expected) : 'an older format, which does not say what it is of';
  if (!other) return;
  throw new WorkbenchError('mismatch', `${path} is of a run with ${other}`, 'Restore that, or train anew.');
}

function differenceOf(was: CheckpointOrigin, now: CheckpointOrigin): string | undefined {
  if (was.baseHash !== now.baseHash || was.quantization !== now.quantization) return 'another base';
  if (was.seed !== now.seed) return `seed ${was.seed}`;
  const names = ({ experts }: CheckpointOrigin) => experts.map(({ name }) => name).join(', ');
  if (names(was) !== names(now)) return `the experts ${names(was)}`;
  const shape = ({ lora, targets }: ExpertOrigin) => JSON.stringify([factorShape(lora), targets]);
  for (const [i, expert] of was.experts.entries()) {
    if (shape(expert) !== shape(now.experts[i]!)) return `other factors of '${expert.name}' (rank ${expert.lora.rank})`;
    if (expert.dataHash !== now.experts[i]!.dataHash) return `other data of '${expert.name}'`;
  }
  return undefined;
}

/** An expert's factors, without settings that earlier versions did not have and that are not set. */
export function factorShape({
  dora,
  bias,
  layers,
  rankPattern,
  alphaPattern,
  ...lora
}: LoraSettings): Partial<LoraSettings> {
  const isSet = (pattern: Record<string, number> | undefined) => Object.keys(pattern ?? {}).length > 0;
  return {
    ...lora,
    ...(dora && { dora }),
    ...(bias !== undefined && bias !== 'none' && { bias }),
    ...(layers && { layers }),
    ...(isSet(rankPattern) && { rankPattern }),
    ...(isSet(alphaPattern) && { alphaPattern }),
  };
}

/** Writes a run's checkpoint among those that it keeps, and as the last one at `lastPath`; older ones make way. */
export async function keepCheckpoint(
  folder: string,
  lastPath: string,
  checkpoint: Checkpoint,
  most: number,
): Promise<void> {
  const path = keptCheckpointPath(folder, checkpoint.position.step);
  await writeCheckpoint(path, checkpoint);
  await linkAtomic(path, lastPath);
  const steps = await keptSteps(folder);
  for (const step of steps.slice(0, -most)) await rm(keptCheckpointPath(folder, step), { force: true });
}

/** A second name for a file, in the place of what had it; a copy where the file system knows no such thing. */
async function linkAtomic(path: string, name: string): Promise<void> {
  const { temporary } = temporaryNames(name);
  try {
    await mkdir(dirname(name), { recursive: true });
    await link(path, temporary).catch(() => copyFile(path, temporary));
    await rename(temporary, name);
  } catch (error) {
    await rm(temporary, { force: true });
    throw storageError(error, name);
  }
}

/** Oldest first; none where the run kept none. */
export async function keptSteps(folder: string): Promise<number[]> {
  const names = await readdir(folder).catch(() => []);
  return names.flatMap(name => stepOfCheckpoint(name) ?? []).sort((a, b) => a - b);
}

/** The last run of a recipe that has kept checkpoints. */
export async function lastKeeper({ history }: ResultPaths): Promise<string | undefined> {
  const runs = await readdir(history).catch(() => []);
  for (const run of runs.sort().reverse())
    if ((await keptSteps(runPaths(join(history, run)).checkpoints)).length > 0) return run;
  return undefined;
}

/** What a run's checkpoints are of, newest first. One that cannot be read is left out. */
export async function listCheckpoints(folder: string): Promise<KeptCheckpoint[]> {
  const steps = (await keptSteps(folder)).reverse();
  const read = await Promise.allSettled(steps.map(step => describeCheckpoint(keptCheckpointPath(folder, step))));
  return read.flatMap(r => (r.status === 'fulfilled' ? [r.value] : []));
}

async function describeCheckpoint(path: string): Promise<KeptCheckpoint> {
  const [{ position, curves }, { size, mtimeMs }] = await Promise.all([readCheckpointHead(path), stat(path)]);
  return {
    step: position.step,
    savedAt: Math.round(mtimeMs),
    bytes: size,
    experts: Object.entries(position.experts).map(([name, { step, best }]) => ({
      name,
      step,
      trainLoss: recentLoss(curves.find(curve => curve.expert === name)),
      best,
    })),
  };
}

/** Points whose mean says more than the last one alone. */
const recent = 10;

function recentLoss(curve: ReportCurve | undefined): number | undefined {
  const last = curve?.train.slice(-recent) ?? [];
  return last.length > 0 ? last.reduce((sum, { loss }) => sum + loss, 0) / last.length : undefined;
}
