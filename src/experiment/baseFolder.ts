import { existsSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { type GgufName, parseGgufName } from '../hub/ggufFiles.ts';
import { isOllamaBase, type OllamaName, parseOllamaBase, shortOllamaName } from '../hub/ollamaName.ts';
import { parseRepoName, type RepoName } from '../hub/repoName.ts';
import { WorkbenchError } from '../protocol/errors.ts';
import { cachedGgufs, cachedModelFolder, hubCacheFolder } from './hubCache.ts';
import { findOllamaModel, ollamaFolders, ollamaModels } from './ollamaModels.ts';

/** Where a base is looked for. */
export interface BasePlaces {
  /** The folder that the paths of bases are relative to: that of the recipe. */
  from: string;
  /** What is shipped, the embedded base with it. */
  mediaFolder: string;
  /** The Hugging Face cache. */
  cacheFolder: string;
}

/** What a recipe means by its base. */
export type BaseName =
  | { kind: 'embedded' }
  /** Without a name for what cannot be one. */
  | { kind: 'ollama'; name: OllamaName | undefined }
  | { kind: 'hub'; name: RepoName }
  /** A model in GGUF of the hub. */
  | { kind: 'gguf'; name: GgufName }
  /** Of a folder or a file in GGUF. */
  | { kind: 'path'; path: string };

/**
 * What a base's name means in a recipe of the folder `from`: a path that is there comes before a model of the hub, and
 * `./` before what would be another name.
 */
export function parseBaseName(base: string, from: string): BaseName {
  if (base === 'embedded') return { kind: 'embedded' };
  if (isOllamaBase(base)) return { kind: 'ollama', name: parseOllamaBase(base) };
  const path = resolve(from, base);
  if (existsSync(path)) return { kind: 'path', path };
  const name = parseRepoName(base);
  if (name) return { kind: 'hub', name };
  const gguf = parseGgufName(base);
  return gguf ? { kind: 'gguf', name: gguf } : { kind: 'path', path };
}

/**
 * The folder of a base, or its file in GGUF: the embedded one, a path, a model of the Hugging Face cache or one of
 * Ollama's; undefined for a model that is not there.
 */
export function findBaseFolder(base: string, { from, mediaFolder, cacheFolder }: BasePlaces): string | undefined {
  const meant = parseBaseName(base, from);
  switch (meant.kind) {
    case 'embedded':
      return join(mediaFolder, 'base');
    case 'path':
      return meant.path;
    case 'hub':
      return cachedModelFolder(meant.name, cacheFolder);
    case 'gguf': {
      const found = cachedGgufs(meant.name, cacheFolder);
      return found.length === 1 ? found[0] : undefined;
    }
    case 'ollama': {
      const model = meant.name && findOllamaModel(meant.name);
      return model?.isAdapted ? undefined : model?.path;
    }
  }
}

/** As findBaseFolder, in the cache that the environment names. Throws `notFound` or `unsupported` for a model that is not there. */
export function baseFolder(base: string, from: string, mediaFolder: string): string {
  const cacheFolder = hubCacheFolder();
  const found = findBaseFolder(base, { from, mediaFolder, cacheFolder });
  if (found === undefined) throw missingBase(base, from, cacheFolder);
  return found;
}

/** Why findBaseFolder finds nothing, and what to do. */
export function missingBase(base: string, from: string, cacheFolder: string): WorkbenchError {
  const meant = parseBaseName(base, from);
  if (meant.kind === 'ollama') return missingOllamaModel(base, meant.name);
  if (meant.kind === 'gguf') return missingGguf(base, meant.name, from, cacheFolder);
  const { repo, revision } = parseRepoName(base)!;
  const option = revision === 'main' ? '' : ` --revision ${revision}`;
  return new WorkbenchError(
    'notFound',
    `the base '${base}' is neither a folder (${resolve(from, base)}) nor in the Hugging Face cache (${cacheFolder})`,
    `If it is a model of the hub, get it with: multi-lora get ${repo}${option} (in the editor: Get a Base Model…)`,
  );
}

function missingGguf(
  base: string,
  { repo, tag, revision }: GgufName,
  from: string,
  cacheFolder: string,
): WorkbenchError {
  const found = cachedGgufs({ repo, tag, revision }, cacheFolder);
  if (found.length > 1)
    return new WorkbenchError(
      'notFound',
      `the base '${base}' may be any of ${found.length} files of the Hugging Face cache: ${found.map(path => basename(path)).join(', ')}`,
      `Write the path of one, such as ${found[0]}.`,
    );
  const option = revision === 'main' ? '' : ` --revision ${revision}`;
  return new WorkbenchError(
    'notFound',
    `the base '${base}' is neither a file (${resolve(from, base)}) nor a model in GGUF of the Hugging Face cache (${cacheFolder})`,
    `Get it with: multi-lora get ${repo}:${tag}${option} (in the editor: Get a Base Model…)`,
  );
}

/** Names of Ollama's that an error lists. */
const mostListed = 20;

function missingOllamaModel(base: string, name: OllamaName | undefined): WorkbenchError {
  if (!name)
    return new WorkbenchError(
      'notFound',
      `the base '${base}' cannot be a model of Ollama's`,
      "Write it as 'ollama list' does, such as ollama:llama3.2:1b; a folder of that name as './NAME'.",
    );
  if (findOllamaModel(name)?.isAdapted)
    return new WorkbenchError(
      'unsupported',
      `the base '${base}' is a model of Ollama's with an adapter of its own, which would be left out`,
      'Name the model that it was made from.',
    );
  const held = ollamaModels().map(model => shortOllamaName(model.name));
  const more = held.length > mostListed ? `, and ${held.length - mostListed} more` : '';
  return new WorkbenchError(
    'notFound',
    `the base '${base}' is not among the GGUF models of Ollama (${ollamaFolders().join(', ')})`,
    held.length > 0
      ? `There are: ${held.slice(0, mostListed).join(', ')}${more}.`
      : `There are none. Get it with: ollama pull ${shortOllamaName(name)}`,
  );
}
