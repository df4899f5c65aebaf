import { randomBytes } from 'node:crypto';
import { copyFile, link, mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { KeptCheckpoint } from '../protocol/engine/training.ts';
import type { ReportCurve } from '../protocol/report.ts';
import { type Checkpoint, readCheckpointHead, writeCheckpoint } from './checkpoint.ts';
import { storageError } from './files.ts';
import { keptCheckpointPath, type ResultPaths, runPaths, stepOfCheckpoint } from './paths.ts';

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
  const temporary = `${name}.${process.pid}.${randomBytes(4).toString('hex')}.tmp`;
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
