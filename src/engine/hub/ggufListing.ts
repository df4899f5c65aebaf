import { ggufParts, ggufTag, isFirstOfModel } from '../../hub/ggufFiles.ts';
import { WorkbenchError } from '../../protocol/errors.ts';
import { bytes as inBytes } from '../../text/numbers.ts';
import type { HubFile } from './baseFiles.ts';
import type { HubFetch } from './hubFetch.ts';
import { addListed, folderLister, type HubPlace } from './hubTree.ts';

/** A model in GGUF of a repository. */
export interface ListedGguf {
  /** Of the first of its files, within the repository. */
  path: string;
  /** What its name ends with, where no other of the repository does. */
  tag?: string;
  files: HubFile[];
  bytes: number;
}

export interface ModelListing {
  /** Whether the repository is a base's folder as well. */
  isFolder: boolean;
  ggufs: ListedGguf[];
}

/** Folders of a repository that are looked into: some keep each quantisation in one of its own. */
const mostFolders = 50;

/** What a repository of a model offers. Throws `network` for a list that makes no sense. */
export async function listModelFiles(place: HubPlace, commit: string, hub: HubFetch): Promise<ModelListing> {
  const tooMany = new WorkbenchError(
    'unsupported',
    `'${place.repo}' has more than ${hub.limits.entries} files and folders`,
    'Choose another repository of the model.',
  );
  const list = folderLister(place, commit, hub, tooMany);
  const listed = new Map<string, HubFile>();
  const add = (files: HubFile[]) => {
    for (const file of files) if (isGgufPath(file.path)) addListed(listed, file, place);
  };
  const root = await list();
  add(root.files);
  for (const folder of root.folders.filter(name => /^\w[\w.+-]*$/.test(name)).slice(0, mostFolders))
    add((await list(folder)).files);
  const has = (name: RegExp) => root.files.some(({ path }) => name.test(path));
  const paths = [...listed.keys()].sort();
  const ggufs = paths.flatMap((path): ListedGguf[] => {
    if (!isFirstOfModel(path.replace(/^.*\//, ''))) return [];
    const files = ggufParts(path).flatMap(part => listed.get(part) ?? []);
    // Without its other files it is no model.
    if (files.length < ggufParts(path).length) return [];
    const bytes = files.reduce((sum, file) => sum + file.size, 0);
    return [{ path, tag: ggufTag(paths, path), files, bytes }];
  });
  return { isFolder: has(/^config\.json$/) && has(/^model\.safetensors(\.index\.json)?$/), ggufs };
}

/** Whether a path is one that every file system takes as it is, and Windows keeps for no device. */
function isGgufPath(path: string): boolean {
  if (!/^(\w[\w.+-]{0,150}\/)?\w[\w.+-]{0,150}\.gguf$/i.test(path)) return false;
  return path.split('/').every(part => !/^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i.test(part));
}

/** Files that a message lists. */
const mostListed = 40;

/** What a repository has in GGUF, and how to get it; undefined where it has nothing. */
export function ggufHint(repo: string, ggufs: readonly ListedGguf[]): string | undefined {
  const [first] = ggufs;
  if (!first) return undefined;
  const shown = ggufs.slice(0, mostListed).map(({ path, tag, bytes }) => `${tag ?? path} (${inBytes(bytes)})`);
  const more = ggufs.length > mostListed ? `, and ${ggufs.length - mostListed} more` : '';
  const { tag, path } = ggufs.find(gguf => gguf.tag !== undefined) ?? first;
  const how = tag === undefined ? `multi-lora get ${repo} ${path}` : `multi-lora get ${repo}:${tag}`;
  return `In GGUF it has ${shown.join(', ')}${more}. Get one with: ${how}`;
}
