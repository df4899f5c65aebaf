import { join } from 'node:path';
import { WorkbenchError } from '../protocol/errors.ts';
import type { Experiment } from './experiment.ts';
import { readJson, writeFileAtomic } from './files.ts';

/** One expert's score on its own set, as it was at some time. */
export interface PastScore {
  expert: string;
  set: string;
  /** The factors it was measured with; a score of other factors says nothing of these. */
  adapterHash: string;
  /** Experts that were trained by then. */
  trained: string[];
  correct: number;
  total: number;
}

const path = (e: Experiment) => join(e.runFolder, 'history.json');

export async function readHistory(e: Experiment): Promise<PastScore[]> {
  const json = await readJson(path(e), 'the history of scores').catch(error => {
    if (error instanceof WorkbenchError && error.code === 'notFound') return [];
    throw error;
  });
  return json as PastScore[];
}

/** Adds scores; the first of the same factors and the same company is kept. */
export async function addToHistory(e: Experiment, scores: PastScore[]): Promise<PastScore[]> {
  const key = (s: PastScore) => JSON.stringify([s.expert, s.set, s.adapterHash, s.total, s.trained]);
  const all = new Map<string, PastScore>();
  for (const s of [...(await readHistory(e)), ...scores]) if (!all.has(key(s))) all.set(key(s), s);
  await writeFileAtomic(path(e), `${JSON.stringify([...all.values()], null, 1)}\n`);
  return [...all.values()];
}

/** The score of these factors when fewest experts had been trained: before the others were. */
export function earliestScore(
  history: PastScore[],
  expert: string,
  set: string,
  adapterHash: string,
): PastScore | undefined {
  return history
    .filter(s => s.expert === expert && s.set === set && s.adapterHash === adapterHash)
    .sort((a, b) => a.trained.length - b.trained.length)[0];
}
