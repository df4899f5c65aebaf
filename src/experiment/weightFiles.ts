import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { WorkbenchError } from '../protocol/errors.ts';
import { readJsonIfThere } from './files.ts';

/** A base has its weights in one file, or in several that an index names. */
const singleFile = 'model.safetensors';
export const weightIndexFile = 'model.safetensors.index.json';

/** Whether a base's folder has weights, as far as its files' names tell. */
export function hasWeights(folder: string): boolean {
  return [singleFile, weightIndexFile].some(file => existsSync(join(folder, file)));
}

/**
 * Names of a base's weight files, in order; without any, that of the one that is missing. Throws `badFile` for an index
 * that names none, or files elsewhere.
 */
export async function weightFilesOf(folder: string): Promise<string[]> {
  // A single file comes before an index, as in transformers.
  const index = existsSync(join(folder, singleFile)) ? undefined : await readJsonIfThere(join(folder, weightIndexFile));
  if (!index) return [singleFile];
  const map = index.weight_map as Record<string, unknown> | undefined;
  const files = [...new Set(Object.values(map ?? {}).map(String))].sort();
  // A shard is a file of this folder: an index must not point elsewhere.
  const bad = files.find(f => f.includes('/') || f.includes('\\') || !f.endsWith('.safetensors'));
  if (files.length === 0 || bad !== undefined)
    throw new WorkbenchError(
      'badFile',
      `${folder}/${weightIndexFile}: ${bad ? `names '${bad}'` : 'names no weight file'}`,
    );
  return files;
}
