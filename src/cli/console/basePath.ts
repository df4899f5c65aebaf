import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseRepoName } from '../../hub/repoName.ts';

/** A base as a recipe names it: `embedded`, a folder, or a model of the Hugging Face cache. */
export function basePath(given: string | undefined): string {
  if (given === undefined || given === 'embedded') return 'embedded';
  const folder = resolve(given);
  return !existsSync(folder) && parseRepoName(given) ? given : folder;
}
