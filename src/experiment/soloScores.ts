import { WorkbenchError } from '../protocol/errors.ts';
import { readJson, writeFileAtomic } from './files.ts';
import type { ResultPaths } from './paths.ts';

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

async function readScores({ scores }: ResultPaths): Promise<PastScore[]> {
  const json = await readJson(scores, 'the history of scores').catch(error => {
    if (error instanceof WorkbenchError && error.code === 'notFound') return [];
    throw error;
  });
  return json as PastScore[];
}

/** Adds scores to those before, and gives all; the first of the same factors and the same company is kept. */
export async function addScores(paths: ResultPaths, scores: PastScore[]): Promise<PastScore[]> {
  const key = (s: PastScore) => JSON.stringify([s.expert, s.set, s.adapterHash, s.total, s.trained]);
  const all = new Map<string, PastScore>();
  for (const s of [...(await readScores(paths)), ...scores]) if (!all.has(key(s))) all.set(key(s), s);
  await writeFileAtomic(paths.scores, `${JSON.stringify([...all.values()], null, 1)}\n`);
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
