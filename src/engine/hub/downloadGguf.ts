import { join } from 'node:path';
import { readGgufBase } from '../../experiment/ggufBase.ts';
import { repoFolders } from '../../experiment/hubCache.ts';
import { ggufNameText, ggufsOfTag } from '../../hub/ggufFiles.ts';
import { decodeGgufStart } from '../../nn/files/gguf.ts';
import { ggufArchitecture } from '../../nn/model/ggufConfig.ts';
import { WorkbenchError } from '../../protocol/errors.ts';
import type { HubFile } from './baseFiles.ts';
import { bringFiles } from './bringFiles.ts';
import type { DownloadedModel, ModelDownload } from './downloadModel.ts';
import { ggufHint, type ListedGguf, listModelFiles } from './ggufListing.ts';
import type { HubFetch } from './hubFetch.ts';
import { commitOf, fileUrl, type HubPlace } from './hubTree.ts';
import { withHub } from './withHub.ts';

export interface GgufDownload extends ModelDownload {
  /** A file of the repository, or what its name ends with, such as `Q4_K_M`. */
  wanted: string;
}

export interface DownloadedGguf extends Omit<DownloadedModel, 'folder'> {
  /** The first of the model's files. */
  path: string;
  /** As recipes name it; undefined where its name says nothing by which it is told from others. */
  base?: string;
}

/**
 * Brings a model in GGUF, all of its files, into the Hugging Face cache, as downloadModel does a folder. Throws `notFound`
 * with what there is where none or several are meant, and `unsupported` before it is fetched where its architecture cannot
 * be run.
 */
export async function downloadGguf(request: GgufDownload): Promise<DownloadedGguf> {
  const { repo, revision, endpoint, cacheFolder, wanted } = request;
  const place: HubPlace = { kind: 'model', repo, endpoint };
  return withHub(request, { kind: 'model', repo, revision }, async hub => {
    const commit = await commitOf(place, revision, hub);
    const { ggufs } = await listModelFiles(place, commit, hub);
    const { path, tag, files } = chosen(repo, ggufs, wanted);
    await checkStart(place, commit, files[0]!, hub);
    const at = { place, revision, commit, folders: repoFolders(cacheFolder, repo) };
    const { folder, bytes, fetchedBytes } = await bringFiles(request, at, hub, files);
    const file = join(folder, path);
    await readGgufBase(file);
    const base = tag && ggufNameText({ repo, revision, tag });
    return { commit, path: file, bytes, fetchedBytes, ...(base && { base }) };
  });
}

function chosen(repo: string, ggufs: readonly ListedGguf[], wanted: string): ListedGguf {
  const named = ggufs.find(({ path }) => path === wanted);
  if (named) return named;
  const meant = ggufsOfTag(
    ggufs.map(({ path }) => path),
    wanted,
  );
  const found = ggufs.filter(({ path }) => meant.includes(path));
  if (found.length === 1) return found[0]!;
  throw new WorkbenchError(
    'notFound',
    found.length === 0
      ? `'${repo}' has no model in GGUF that is '${wanted}' or ends with it`
      : `'${repo}' has ${found.length} models in GGUF that end with '${wanted}'`,
    ggufHint(repo, found.length === 0 ? ggufs : found),
  );
}

/** More than stands before a vocabulary. */
const startLength = 1 << 16;

/** Throws where the beginning of a file says that it cannot be run. */
async function checkStart(place: HubPlace, commit: string, file: HubFile, hub: HubFetch): Promise<void> {
  const length = Math.min(startLength, file.size);
  const headers = { range: `bytes=0-${length - 1}`, 'accept-encoding': 'identity' };
  const response = await hub.fetch(fileUrl(place, commit, file.path), { headers });
  const bytes = Buffer.alloc(length);
  let at = 0;
  // A server that knows no ranges sends it all; what is not read is not waited for.
  for await (const chunk of (response.body ?? []) as unknown as AsyncIterable<Uint8Array>) {
    at += Buffer.from(chunk).copy(bytes, at);
    if (at === length) break;
  }
  const name = `'${place.repo}': ${file.path}`;
  const metadata = decodeGgufStart(bytes.subarray(0, at), name);
  if ('general.architecture' in metadata || at === file.size) ggufArchitecture(metadata, name);
}
