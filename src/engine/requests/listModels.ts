import { existsSync } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { readBaseWeights } from '../../experiment/base.ts';
import { commitOf, hubCacheFolder, isCommit, repoFolders } from '../../experiment/hubCache.ts';
import { ggufProblem, localModels } from '../../experiment/localModels.ts';
import { memoryNeeded } from '../../hub/knownModels.ts';
import { repoOfFolder } from '../../hub/repoName.ts';
import { baseParameters } from '../../nn/model/layout.ts';
import type { CachedModel, LocalModel, UnusableModel } from '../../protocol/engine/models.ts';
import { visibleName } from '../../protocol/visibleText.ts';
import type { RequestHandler } from '../workbench/request.ts';

/**
 * The models of the Hugging Face cache, whoever has put them there: those that can be used as a base, and the others with
 * what is wrong; and those in GGUF of other programs. Whatever one of them holds, the others are listed.
 */
export const handle: RequestHandler<'listModels'> = async () => {
  const cacheFolder = hubCacheFolder();
  const models: CachedModel[] = [];
  const unusable: UnusableModel[] = [];
  for (const name of (await names(cacheFolder)).sort()) {
    const repo = repoOfFolder(name);
    if (repo === undefined) continue;
    const { refs, snapshots } = repoFolders(cacheFolder, repo);
    const named = await namedCommits(refs);
    for (const commit of (await names(snapshots)).filter(isCommit)) {
      const folder = join(snapshots, commit);
      const revisions = [...named].filter(([, c]) => c === commit).map(([r]) => r);
      const known = { repo, commit, revisions, folder, bytes: await bytesIn(folder) };
      try {
        models.push({ ...known, ...(await describeModel(folder)) });
      } catch (error) {
        unusable.push({ ...known, reason: reasonOf(error, folder) });
      }
    }
  }
  const local: LocalModel[] = [];
  for (const model of await localModels(cacheFolder)) {
    const error = await ggufProblem(model.path);
    local.push(error === undefined ? model : { ...model, reason: reasonOf(error, model.path) });
  }
  // A snapshot of files in GGUF is no folder of a base, and each file is listed.
  const isOfGguf = ({ repo, commit, folder }: UnusableModel) =>
    !existsSync(join(folder, 'config.json')) &&
    local.some(({ cached }) => cached?.repo === repo && cached.commit === commit);
  return { cacheFolder, models, unusable: unusable.filter(model => !isOfGguf(model)), local };
};

/** Throws where this version cannot run the model, files of it are missing, or one of them is not what it should be. */
async function describeModel(
  folder: string,
): Promise<Pick<CachedModel, 'architecture' | 'parameters' | 'memoryBytes'>> {
  const { config } = await readBaseWeights(folder);
  const parameters = baseParameters({ config });
  return { architecture: config.architecture, parameters, memoryBytes: memoryNeeded(parameters) };
}

/** What is wrong with a model, in one line; its path goes without saying. */
function reasonOf(error: unknown, folder: string): string {
  const whole = error instanceof Error ? error.message : String(error);
  const message = whole.startsWith(`${folder}: `) ? whole.slice(folder.length + 2) : whole;
  return visibleName(message.replaceAll(folder + sep, '').replaceAll(folder, 'its folder'), 300);
}

/** Bytes of a snapshot's files; links that lead nowhere count nothing. */
async function bytesIn(folder: string): Promise<number> {
  let bytes = 0;
  for (const name of await names(folder)) {
    const info = await stat(join(folder, name)).catch(() => undefined);
    if (info?.isFile()) bytes += info.size;
  }
  return bytes;
}

/** Branches and tags with the commits they stand for. */
async function namedCommits(refs: string): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (const name of await names(refs)) {
    const commit = commitOf(join(refs, name));
    if (commit) found.set(name, commit);
  }
  return found;
}

/** Names of what is in a folder; none where there is no folder, or it may not be read. */
async function names(folder: string): Promise<string[]> {
  return readdir(folder).catch(() => []);
}
