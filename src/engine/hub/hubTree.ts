import { datasetInfo, type ListFileEntry, listFiles, modelInfo } from '@huggingface/hub';
import { isCommit } from '../../experiment/hubCache.ts';
import { WorkbenchError } from '../../protocol/errors.ts';
import { visibleName } from '../../protocol/visibleText.ts';
import type { HubFile } from './baseFiles.ts';
import { noHub } from './hubErrors.ts';
import type { HubFetch } from './hubFetch.ts';

/** A repository of a hub. */
export interface HubPlace {
  kind: 'model' | 'dataset';
  repo: string;
  endpoint: string;
}

/** The commit that a branch, a tag or a commit's own hash stands for. */
export async function commitOf(
  { kind, repo: name, endpoint }: HubPlace,
  revision: string,
  { describe }: HubFetch,
): Promise<string> {
  const asked = { name, revision, hubUrl: endpoint, fetch: describe(isRepoInfo), additionalFields: ['sha' as const] };
  const { sha } = kind === 'model' ? await modelInfo(asked) : await datasetInfo(asked);
  if (typeof sha === 'string' && isCommit(sha)) return sha;
  throw new WorkbenchError('network', `${endpoint} names no commit of '${name}'`, 'Is it a hub? Check the endpoint.');
}

/** What a folder of a repository holds. */
export interface HubFolder {
  /** As the hub lists them, with whole paths; neither size nor hash has been checked. */
  files: HubFile[];
  folders: string[];
}

/**
 * Lists folders of a repository at a commit, one a call; the root without a path. Throws `tooMany` where all of them
 * together have more entries than the limit.
 */
export function folderLister(
  { kind, repo, endpoint }: HubPlace,
  commit: string,
  { describe, limits }: HubFetch,
  tooMany: WorkbenchError,
): (path?: string) => Promise<HubFolder> {
  let entries = 0;
  return async path => {
    const found: HubFolder = { files: [], folders: [] };
    const place = { repo: { type: kind, name: repo }, revision: commit, path, hubUrl: endpoint };
    for await (const entry of listFiles({ ...place, fetch: describe(Array.isArray) })) {
      if (++entries > limits.entries) throw tooMany;
      const { type, path: name, size, oid, lfs } = (isObject(entry) ? entry : {}) as Partial<ListFileEntry>;
      if (typeof name !== 'string') continue;
      if (type === 'directory') found.folders.push(name);
      if (type === 'file') found.files.push({ path: name, size: lfs?.size ?? size!, hash: lfs?.oid ?? oid! });
    }
    return found;
  };
}

/** Throws `network` for a size that is none, and for a hash of another form, which could lead out of the cache's folders. */
function checkListed({ path, size, hash }: HubFile, { endpoint, repo }: HubPlace): void {
  const has = (what: string, value: unknown) =>
    noHub(
      new URL(endpoint).host,
      `lists ${path} of '${repo}' with the ${what} ${visibleName(JSON.stringify(value) ?? 'undefined')}`,
    );
  if (!(Number.isSafeInteger(size) && size >= 0)) throw has('size', size);
  if (typeof hash !== 'string' || !/^([0-9a-f]{40}|[0-9a-f]{64})$/.test(hash)) throw has('hash', hash);
}

/** Adds a file to those that were listed. Throws `network` as checkListed does, and for one that is listed twice. */
export function addListed(listed: Map<string, HubFile>, file: HubFile, place: HubPlace): void {
  checkListed(file, place);
  if (listed.has(file.path)) throw noHub(new URL(place.endpoint).host, `lists ${file.path} of '${place.repo}' twice`);
  listed.set(file.path, file);
}

/** Whether the hub's client can read it: it makes a date of one field. */
function isRepoInfo(value: unknown): boolean {
  return isObject(value) && ['string', 'undefined'].includes(typeof (value as { lastModified?: unknown }).lastModified);
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Where a file of a commit is fetched from. */
export function fileUrl({ kind, repo, endpoint }: HubPlace, commit: string, path: string): string {
  const own = kind === 'dataset' ? `datasets/${repo}` : repo;
  return `${endpoint}/${own}/resolve/${commit}/${path.split('/').map(encodeURIComponent).join('/')}`;
}
