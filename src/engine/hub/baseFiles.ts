import { isCompanionFile } from '../../experiment/base.ts';
import { adapterConfigFile } from '../../experiment/paths.ts';
import { WorkbenchError } from '../../protocol/errors.ts';

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

/** Above any configuration, far below what could fill a memory. */
const largestConfig = 64e6;

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
      `'${repo}' has no model.safetensors${other ? ` (it has ${other})` : ''}`,
      'Choose a repository with weights as safetensors.',
    );
  }
  if (!named('tokenizer.json'))
    throw unsupported(`'${repo}' has no tokenizer.json`, 'Choose a repository with a tokenizer in that format.');
  for (const file of [config, index])
    if (file && file.size > largestConfig)
      throw unsupported(`'${repo}': ${file.path} has ${file.size} bytes`, 'A configuration is not that large.');
  const companions = files.filter(f => f !== config && isCompanionFile(f.path));
  return { config, index, companions, weights: single ? [single] : [] };
}

/** The weight files an index names. Throws `badFile` for one that names none, or files that the repository lacks. */
export function indexedWeights(repo: string, indexJson: unknown, files: readonly HubFile[]): HubFile[] {
  const map = (indexJson as { weight_map?: unknown } | null)?.weight_map;
  const names = map && typeof map === 'object' ? [...new Set(Object.values(map).map(String))].sort() : [];
  if (names.length === 0) throw new WorkbenchError('badFile', `'${repo}': its index of weights names no file`);
  return names.map(name => {
    const file = /^[^/\\]+\.safetensors$/.test(name) ? files.find(f => f.path === name) : undefined;
    if (!file)
      throw new WorkbenchError('badFile', `'${repo}': its index names '${name}', which the repository does not have`);
    return file;
  });
}

function unsupported(message: string, hint: string): WorkbenchError {
  return new WorkbenchError('unsupported', message, hint);
}
