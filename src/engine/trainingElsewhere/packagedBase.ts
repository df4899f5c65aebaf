import { basename, join, relative, sep } from 'node:path';
import { type Base, isCompanionFile, weightIndexFile } from '../../experiment/base.ts';
import { parseBaseName } from '../../experiment/baseFolder.ts';
import type { Experiment } from '../../experiment/experiment.ts';
import { type FileCopy, folderFiles } from '../../experiment/files.ts';
import { isGgufFile } from '../../experiment/ggufFile.ts';
import { isCommit } from '../../experiment/hubCache.ts';
import { ggufParts } from '../../hub/ggufFiles.ts';
import { WorkbenchError } from '../../protocol/errors.ts';

/** The base of a training elsewhere. */
export interface PackagedBase {
  /** What transformers opens, in the spellings of its `from_pretrained`: a repository of the hub, or a folder of the job. */
  place: { repository?: string; revision?: string; path?: string; gguf_file?: string };
  /** Files that go with the job. */
  files: Map<string, FileCopy>;
}

/** Where the base lies within a job. */
const folder = 'base';

/**
 * The base of an experiment as a training elsewhere finds it: a model of the hub by its name and commit, any other as a copy.
 * Throws `unsupported` for a file in GGUF that has several parts, which transformers does not read.
 */
export async function packagedBase(e: Experiment, base: Base): Promise<PackagedBase> {
  const from = e.baseFolder;
  const meant = parseBaseName(e.recipe.base, e.folder);
  if (isGgufFile(from) && ggufParts(from).length > 1)
    throw new WorkbenchError(
      'unsupported',
      `${from} is one of several parts of a model in GGUF, which transformers does not read`,
      'Name the model in the format of transformers as the base.',
    );
  if (meant.kind === 'hub' || meant.kind === 'gguf') {
    const { repo, revision } = meant.name;
    const [snapshot, commit] = snapshotOf(from) ?? [];
    const place = { repository: repo, revision: commit ?? revision };
    const gguf = isGgufFile(from) && (snapshot ? relative(snapshot, from).split(sep).join('/') : basename(from));
    return { place: { ...place, ...(gguf && { gguf_file: gguf }) }, files: new Map() };
  }
  if (isGgufFile(from)) {
    const name = 'model.gguf';
    return { place: { path: folder, gguf_file: name }, files: new Map([[`${folder}/${name}`, { copyOf: from }]]) };
  }
  const names = (await folderFiles(base.folder)).filter(name => isCompanionFile(name) || name === weightIndexFile);
  const all = [...names, ...base.weightFiles];
  return {
    place: { path: folder },
    files: new Map(all.map(name => [`${folder}/${name}`, { copyOf: join(base.folder, name) }])),
  };
}

/** The folder of a commit in the Hugging Face cache that a path lies in, and the commit. */
function snapshotOf(path: string): [folder: string, commit: string] | undefined {
  const parts = path.split(sep);
  const at = parts.lastIndexOf('snapshots') + 1;
  const commit = parts[at];
  return at > 0 && commit && isCommit(commit) ? [parts.slice(0, at + 1).join(sep), commit] : undefined;
}
