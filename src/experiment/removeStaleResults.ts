import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { kindOf } from './checkResults.ts';
import { type ResultPaths, runPaths } from './paths.ts';
import { removeStaleFiles } from './removeStaleFiles.ts';

/** Removes what killed processes left wherever results are written; links are not followed. */
export async function removeStaleResults({ output, parts, history }: ResultPaths): Promise<void> {
  await removeStaleFiles(output);
  for (const part of parts) await removeIn(part);
  if ((await kindOf(history)) !== 'folder') return;
  for (const name of await readdir(history)) {
    const { folder, checkpoints } = runPaths(join(history, name));
    if (await removeIn(folder)) await removeIn(checkpoints);
  }
}

async function removeIn(folder: string): Promise<boolean> {
  if ((await kindOf(folder)) !== 'folder') return false;
  await removeStaleFiles(folder);
  return true;
}
