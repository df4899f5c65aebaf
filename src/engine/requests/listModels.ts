import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readBaseWeights } from '../../experiment/base.ts';
import { sizeOf } from '../../experiment/files.ts';
import { hubCacheFolder, repoFolders } from '../../experiment/hubCache.ts';
import { memoryNeeded } from '../../hub/knownModels.ts';
import { repoOfFolder } from '../../hub/repoName.ts';
import { baseParameters } from '../../nn/model/layout.ts';
import type { CachedModel } from '../../protocol/engine/models.ts';
import { WorkbenchError } from '../../protocol/errors.ts';
import type { RequestHandler } from '../workbench/request.ts';

/** The models of the Hugging Face cache that can be used as a base, whoever has put them there. */
export const handle: RequestHandler<'listModels'> = async () => {
  const cacheFolder = hubCacheFolder();
  const models: CachedModel[] = [];
  for (const name of (await names(cacheFolder)).sort()) {
    const repo = repoOfFolder(name);
    if (repo === undefined) continue;
    const { refs, snapshots } = repoFolders(cacheFolder, repo);
    const named = await namedCommits(refs);
    for (const commit of await names(snapshots)) {
      const model = await describeModel(repo, commit, join(snapshots, commit));
      if (model) models.push({ ...model, revisions: [...named].filter(([, c]) => c === commit).map(([r]) => r) });
    }
  }
  return { cacheFolder, models };
};

/** Undefined for what this version cannot run, and for a snapshot of which files are missing. */
async function describeModel(
  repo: string,
  commit: string,
  folder: string,
): Promise<Omit<CachedModel, 'revisions'> | undefined> {
  try {
    const { config } = await readBaseWeights(folder);
    const parameters = baseParameters({ config });
    return {
      repo,
      commit,
      folder,
      architecture: config.architecture,
      parameters,
      bytes: await sizeOf(folder),
      memoryBytes: memoryNeeded(parameters),
    };
  } catch (error) {
    if (error instanceof WorkbenchError) return undefined;
    throw error;
  }
}

/** Branches and tags with the commits they stand for. */
async function namedCommits(refs: string): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (const name of await names(refs)) {
    const commit = await readFile(join(refs, name), 'utf8').catch(() => undefined);
    if (commit) found.set(name, commit.trim());
  }
  return found;
}

async function names(folder: string): Promise<string[]> {
  return readdir(folder).catch(error => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return [];
    throw error;
  });
}
