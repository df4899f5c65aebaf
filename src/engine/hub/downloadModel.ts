import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isCompanionFile, loadBase, quantizedError, weightIndexFile } from '../../experiment/base.ts';
import { parseJson } from '../../experiment/files.ts';
import { repoFolders } from '../../experiment/hubCache.ts';
import { parseBaseConfig } from '../../nn/model/config.ts';
import { WorkbenchError } from '../../protocol/errors.ts';
import { type BaseFiles, baseFiles, type HubFile, indexedWeights, isWeightFile } from './baseFiles.ts';
import { bringFile, bringFiles, type HubCommit, type HubDownload } from './bringFiles.ts';
import { ggufHint, listModelFiles } from './ggufListing.ts';
import type { HubFetch } from './hubFetch.ts';
import { addListed, commitOf, folderLister, type HubPlace } from './hubTree.ts';
import { withHub } from './withHub.ts';

export interface ModelDownload extends HubDownload {
  repo: string;
  /** Branch, tag or commit. */
  revision: string;
}

export interface DownloadedModel {
  /** The commit that the revision stands for. */
  commit: string;
  /** A base's folder, to be used as it is. */
  folder: string;
  bytes: number;
  /** Bytes that came over the network now; the rest was there. */
  fetchedBytes: number;
}

/**
 * Brings a base into the Hugging Face cache, in the layout of Python's huggingface_hub: files under their hashes in
 * `blobs`, linked from `snapshots/COMMIT`, whose name stands in `refs`. What is there is not fetched again, and a
 * snapshot gets its links when all its files are whole. Throws `unsupported` before any weight is fetched where the
 * model could not be run, `storage` where it has no room.
 */
export async function downloadModel(request: ModelDownload): Promise<DownloadedModel> {
  const { repo, revision, endpoint, cacheFolder } = request;
  const place: HubPlace = { kind: 'model', repo, endpoint };
  return withHub(request, { kind: 'model', repo, revision }, async hub => {
    const commit = await commitOf(place, revision, hub);
    const at: HubCommit = { place, revision, commit, folders: repoFolders(cacheFolder, repo) };
    const files = await rootFiles(place, commit, hub);
    let before = 0;
    const bringJson = async (file: HubFile): Promise<unknown> => {
      before += await bringFile(request, at, hub, file, () => {});
      return parseJson(await readFile(join(at.folders.blobs, file.hash), 'utf8'), `'${repo}': ${file.path}`);
    };
    const { config, index, companions, weights } = await neededFiles(place, commit, hub, files);
    checkConfig(await bringJson(config), repo);
    const shards = index ? indexedWeights(repo, await bringJson(index), files) : weights;
    const rest = [...companions, ...shards];
    // The configuration comes last: with it a folder is a model.
    const all = [...rest, ...(index ? [index] : []), config];
    const { folder, bytes, fetchedBytes } = await bringFiles(request, at, hub, rest, all);
    await loadBase(folder);
    return { commit, folder, bytes, fetchedBytes: before + fetchedBytes };
  });
}

/** As baseFiles; where that refuses, with what the repository has in GGUF. */
async function neededFiles(place: HubPlace, commit: string, hub: HubFetch, files: HubFile[]): Promise<BaseFiles> {
  try {
    return baseFiles(place.repo, files);
  } catch (error) {
    if (!(error instanceof WorkbenchError)) throw error;
    const hint = ggufHint(place.repo, (await listModelFiles(place, commit, hub)).ggufs);
    throw hint === undefined ? error : new WorkbenchError(error.code, error.message, hint);
  }
}

/** The files at a repository's root that may belong to a base. Throws `network` for a list that makes no sense. */
async function rootFiles(place: HubPlace, commit: string, hub: HubFetch): Promise<HubFile[]> {
  const tooMany = new WorkbenchError(
    'unsupported',
    `'${place.repo}' has more than ${hub.limits.entries} files and folders at its root`,
    'Choose another repository of the model.',
  );
  const { files } = await folderLister(place, commit, hub, tooMany)();
  const isNeeded = (path: string) => isCompanionFile(path) || isWeightFile(path) || path === weightIndexFile;
  const needed = new Map<string, HubFile>();
  // One in a folder could lead out of the cache's own, and no base needs it.
  const own = files.filter(({ path }) => /^[^/\\]+$/.test(path));
  for (const file of own) if (isNeeded(file.path)) addListed(needed, file, place);
  return own;
}

/** Throws where a model of this configuration could not be run, before its weights are fetched. */
function checkConfig(config: unknown, repo: string): void {
  const file = `'${repo}': config.json`;
  parseBaseConfig(config, file);
  const quantized = quantizedError(config as Record<string, unknown>, file);
  if (quantized) throw quantized;
}
