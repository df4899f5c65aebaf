import * as z from 'zod/mini';
import { anyNumber } from '../protocol/contract.ts';
import { reportCurve } from '../protocol/report.ts';
import { writeFileAtomic } from './files.ts';
import type { ResultPaths } from './paths.ts';
import { readOwnFile } from './readOwnFile.ts';

const trainingRecord = z.object({
  expert: z.string(),
  /** SHA-256 of the base's weights before the training. */
  baseHash: z.string(),
  /** SHA-256 of the factors that training wrote. */
  adapterHash: z.string(),
  trainExamples: z.number(),
  step: z.number(),
  tokens: z.number(),
  best: z.optional(z.object({ loss: anyNumber, step: z.number() })),
  curve: reportCurve,
});

/** What is known of an expert's training after it: kept beside the adapter, read by the report. */
export type TrainingRecord = z.infer<typeof trainingRecord>;

/** The record of an expert's training; undefined for an adapter that was not trained here. Throws `badFile`. */
export async function readTrainingRecord(paths: ResultPaths, expert: string): Promise<TrainingRecord | undefined> {
  const what = `the training record of '${expert}'`;
  return readOwnFile(paths.trainingRecord(expert), what, trainingRecord, 'Train the expert anew.');
}

export async function writeTrainingRecord(paths: ResultPaths, record: TrainingRecord): Promise<void> {
  await writeFileAtomic(paths.trainingRecord(record.expert), `${JSON.stringify(record)}\n`);
}
