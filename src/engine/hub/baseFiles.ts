import { isCompanionFile } from '../../experiment/base.ts';
import { adapterConfigFile } from '../../experiment/paths.ts';
import { WorkbenchError } from '../../protocol/errors.ts';
import { visibleName } from '../../protocol/visibleText.ts';
import { fileLimits } from './hubLimits.ts';

/** A file of a repository as the hub lists it. */
export interface HubFile {
  /** Within the repository; those at its root alone are of use here. */
  path: string;
  size: number;
  /** What its bytes must hash to: SHA-256 of a large file, git's blob SHA-1 of another. It names it in the cache too. */
  hash: string;
}

/** What of a repository makes a base. */
export interface BaseFiles {
  config: HubFile;
  /** Says which files hold the weights, where it is not one alone. */
  index?: HubFile;
  /** Tokenizer, chat template and the like. */
  companions: HubFile[];
  /** The one weight file; empty where there is an index, which names them. */
  weights: HubFile[];
}

/**
 * Chooses what a base needs. Throws `unsupported` for a repository that is not one: an adapter, weights in another
 * format, no tokenizer.json.
 */
export function baseFiles(repo: string, files: readonly HubFile[]): BaseFiles {
  const named = (name: string) => files.find(f => f.path === name);
  const config = named('config.json');
  if (named(adapterConfigFile) && !named('model.safetensors'))
    throw unsupported(`'${repo}' is an adapter, not a base model`, 'Name it as an expert\'s "adapter" in a recipe.');
  if (!config)
    throw unsupported(`'${repo}' has no config.json: it is not a base model`, 'Choose a repository of a model.');
  const single = named('model.safetensors');
  // A single file comes before an index, as in transformers.
  const index = single ? undefined : named('model.safetensors.index.json');
  if (!single && !index) {
    const other = files.find(f => /\.(gguf|bin|pt|pth|onnx|h5|msgpack|safetensors)$/.test(f.path))?.path;
    throw unsupported(
      `'${repo}' has no model.safetensors${other ? ` (it has ${visibleName(other)})` : ''}`,
      'Choose a repository with weights as safetensors.',
    );
  }
  if (!named('tokenizer.json'))
    throw unsupported(`'${repo}' has no tokenizer.json`, 'Choose a repository with a tokenizer in that format.');
  const companions = files.filter(f => f !== config && isCompanionFile(f.path));
  checkSize(repo, config, fileLimits.config);
  if (index) checkSize(repo, index, fileLimits.index);
  for (const file of companions) checkSize(repo, file, fileLimits.companion);
  return { config, index, companions, weights: single ? [single] : [] };
}

/**
 * The weight files an index names. Throws `badFile` for one that names none, files that the repository lacks, or whose
 * names are none for a file.
 */
export function indexedWeights(repo: string, indexJson: unknown, files: readonly HubFile[]): HubFile[] {
  const map = (indexJson as { weight_map?: unknown } | null)?.weight_map;
  const names = map && typeof map === 'object' ? [...new Set(Object.values(map))] : [];
  if (names.length === 0) throw badIndex(repo, 'names no file');
  if (names.length > fileLimits.shards)
    throw badIndex(repo, `names ${names.length} files; more than ${fileLimits.shards} are not fetched`);
  const isText = (name: unknown): name is string => typeof name === 'string';
  if (!names.every(isText)) throw badIndex(repo, 'names files with what is not text');
  const byPath = new Map(files.map(f => [f.path, f]));
  return names.sort().map(name => {
    const file = isWeightFile(name) ? byPath.get(name) : undefined;
    if (!file) throw badIndex(repo, `names '${visibleName(name)}', which the repository does not have`);
    return file;
  });
}

/**
 * Whether a file of a repository can hold weights, by its name: one that every file system takes as it is, which Windows
 * keeps for no device.
 */
export function isWeightFile(name: string): boolean {
  return /^\w[\w.+-]{0,150}\.safetensors$/.test(name) && !/^(con|prn|aux|nul|com\d|lpt\d)\./i.test(name);
}

function checkSize(repo: string, { path, size }: HubFile, most: number): void {
  if (size <= most) return;
  throw unsupported(
    `'${repo}': ${path} has ${size} bytes; more than ${most} are not fetched`,
    'Choose another repository of the model.',
  );
}

function badIndex(repo: string, what: string): WorkbenchError {
  return new WorkbenchError(
    'badFile',
    `'${repo}': its index of weights, model.safetensors.index.json, ${what}`,
    'Choose another repository of the model.',
  );
}

function unsupported(message: string, hint: string): WorkbenchError {
  return new WorkbenchError('unsupported', message, hint);
}
