import { WorkbenchError } from '../protocol/errors.ts';
import type { ReportCurve } from '../protocol/report.ts';
import { readJson, writeFileAtomic } from './files.ts';
import type { ResultPaths } from './paths.ts';

/** What is known of an expert's training after it: kept beside the adapter, read by the report. */
export interface TrainingRecord {
  expert: string;
  /** SHA-256 of the base's weights before the training. */
  baseHash: string;
  /** SHA-256 of the factors that training wrote. */
  adapterHash: string;
  trainExamples: number;
  step: number;
  tokens: number;
  best: { loss: number; step: number } | undefined;
  curve: ReportCurve;
}

/** The record of an expert's training; undefined for an adapter that was not trained here. */
export async function readTrainingRecord(paths: ResultPaths, expert: string): Promise<TrainingRecord | undefined> {
  const json = await readJson(paths.trainingRecord(expert), 'the training record').catch(error => {
    if (error instanceof WorkbenchError && error.code === 'notFound') return undefined;
    throw error;
  });
  return json as TrainingRecord | undefined;
}

export async function writeTrainingRecord(paths: ResultPaths, record: TrainingRecord): Promise<void> {
  await writeFileAtomic(paths.trainingRecord(record.expert), `${JSON.stringify(record)}\n`);
}
