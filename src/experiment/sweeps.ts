import { type Sweep, sweepSchema } from '../protocol/sweep.ts';
import { sweepHtml } from '../report/sweepHtml.tsx';
import { writeFileAtomic } from './files.ts';
import type { SweepPaths } from './paths.ts';
import { readOwnFile } from './readOwnFile.ts';

/** A sweep as far as it was made; undefined where it was not begun. Throws `badFile` for what is none. */
export function readSweep({ data }: SweepPaths): Promise<Sweep | undefined> {
  return readOwnFile(data, 'the sweep', sweepSchema, 'Move it elsewhere, or delete it; the sweep then begins anew.');
}

/** Writes a sweep as data and as a page, each whole or not at all. Throws `storage`. */
export async function writeSweep({ data, page }: SweepPaths, sweep: Sweep): Promise<void> {
  await writeFileAtomic(data, `${JSON.stringify(sweep)}\n`);
  await writeFileAtomic(page, sweepHtml(sweep));
}
