import { join } from 'node:path';
import { WorkbenchError } from '../protocol/errors.ts';
import type { ReportCurve } from '../protocol/report.ts';
import type { Experiment } from './experiment.ts';
import { readJson } from './files.ts';

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
export async function readTrainingRecord(e: Experiment, expert: string): Promise<TrainingRecord | undefined> {
  const json = await readJson(join(e.runFolder, 'training', `${expert}.json`), 'the training record').catch(error => {
    if (error instanceof WorkbenchError && error.code === 'notFound') return undefined;
    throw error;
  });
  return json as TrainingRecord | undefined;
}
