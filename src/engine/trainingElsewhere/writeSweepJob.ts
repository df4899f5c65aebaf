import { hashBase } from '../../experiment/base.ts';
import { type FileContent, type FileCopy, writeFolderAtomic } from '../../experiment/files.ts';
import { adapterConfigFile } from '../../experiment/paths.ts';
import type { TrainingForm } from '../../protocol/trainingForm.ts';
import { atPoint, type Place, type PreparedSweep, type SweepOf } from '../training/sweepRecord.ts';
import { packagedBase } from './packagedBase.ts';
import { batchLines, rowLines, trainingJob } from './trainingJob.ts';
import { encoded, scriptFiles, startFiles } from './writeTrainingJob.ts';

export interface SweepJobOptions {
  form: TrainingForm;
  points: readonly Place[];
  measuresBase: boolean;
  /** Where it is written. */
  out: string;
  /** What is shipped, the scripts with it. */
  mediaFolder: string;
  threads: number;
}

/**
 * Writes points of a sweep as a folder that runs elsewhere, by the script of trainings: the rows and their batches, which all
 * points share, and the first factors of each rank.
 */
export async function writeSweepJob(
  { experiment, base, expert, grid }: SweepOf,
  { prepared, validation }: PreparedSweep,
  { form, points, measuresBase, out, mediaFolder, threads }: SweepJobOptions,
): Promise<void> {
  const at = (place: Place) => atPoint(base, prepared, place, grid.steps);
  const some = at(points[0]!);
  const { place, files: baseFiles } = await packagedBase(experiment, base);
  const job = trainingJob(experiment, [some], place, await hashBase(base));
  const startOf = (rank: number) => `start-${rank}`;
  Object.assign(job.experts[expert]!, {
    points: points.map(point => ({ ...point, start: startOf(point.rank) })),
    measuresBase,
  });
  const folder = `experts/${expert}`;
  const files = new Map<string, FileContent | FileCopy>([
    ['job.json', `${JSON.stringify(job, null, 1)}\n`],
    ...baseFiles,
    ...scriptFiles(form, mediaFolder),
    [`${folder}/train.jsonl`, encoded(rowLines(some.job.train))],
    [`${folder}/batches.jsonl`, encoded(batchLines(some, experiment.recipe.seed))],
    [`${folder}/validation.jsonl`, encoded(rowLines(validation))],
  ]);
  for (const { rank, learningRate } of points) {
    if (files.has(`${folder}/${startOf(rank)}/${adapterConfigFile}`)) continue;
    for (const [file, content] of await startFiles(experiment, base, at({ rank, learningRate }), threads))
      files.set(`${folder}/${startOf(rank)}/${file}`, content);
  }
  await writeFolderAtomic(out, files);
}
