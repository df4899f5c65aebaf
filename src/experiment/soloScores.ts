import * as z from 'zod/mini';
import { writeFileAtomic } from './files.ts';
import type { ResultPaths } from './paths.ts';
import { readOwnFile } from './readOwnFile.ts';

const pastScore = z.object({
  expert: z.string(),
  set: z.string(),
  /** The factors it was measured with; a score of other factors says nothing of these. */
  adapterHash: z.string(),
  /** Experts that were trained by then. */
  trained: z.array(z.string()),
  correct: z.number(),
  total: z.number(),
});

/** One expert's score on its own set, as it was at some time. */
export type PastScore = z.infer<typeof pastScore>;

/** The scores since the first evaluation. Throws `badFile`. */
export async function readScores({ scores }: ResultPaths): Promise<PastScore[]> {
  const hint = 'Move it elsewhere, or delete it; what was forgotten is then measured from now on.';
  return (await readOwnFile(scores, 'the history of scores', z.array(pastScore), hint)) ?? [];
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
