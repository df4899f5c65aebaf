import { readdirSync, readFileSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { manifestPaths, type OllamaName, ollamaNameOf, shortOllamaName } from '../hub/ollamaName.ts';

/*
 * Ollama's store, as its manifest/manifest.go and manifest/paths.go have it: `manifests/HOST/NAMESPACE/MODEL/TAG` (since
 * 2026 `manifests-v2`, where those files are links to blobs) are JSON that names layers, `blobs/sha256-HEX` are the layers.
 */

/** A model that Ollama holds as GGUF. */
export interface OllamaModel {
  name: OllamaName;
  /** Of the GGUF file, which has no ending. */
  path: string;
  bytes: number;
  /** It is a model with an adapter, which Ollama adds when it runs. */
  isAdapted: boolean;
}

/** Where models of Ollama may be: where the environment says, else in the user's home and in that of its Linux service. */
export function ollamaFolders(): string[] {
  const named = process.env.OLLAMA_MODELS?.replace(/^["' ]+|["' ]+$/g, '');
  if (named) return [resolve(named)];
  const own = join(homedir(), '.ollama', 'models');
  return process.platform === 'linux' ? [own, '/usr/share/ollama/.ollama/models'] : [own];
}

/** A model of Ollama's; undefined where it is not there, or not as GGUF. */
export function findOllamaModel(name: OllamaName, folders = ollamaFolders()): OllamaModel | undefined {
  for (const folder of folders)
    for (const root of manifestFolders)
      for (const path of manifestPaths(name)) {
        const model = readModel(folder, join(folder, root, ...path), name);
        if (model) return model;
      }
  return undefined;
}

/** The models of Ollama's that are there as GGUF, by name. What is damaged or incomplete is left out. */
export function ollamaModels(folders = ollamaFolders()): OllamaModel[] {
  const found = new Map<string, OllamaModel>();
  let left = mostManifests;
  for (const folder of folders)
    for (const root of manifestFolders)
      for (const path of pathsIn(join(folder, root), 4)) {
        if (left-- <= 0) return sorted(found);
        const name = ollamaNameOf(path);
        if (!name || found.has(shortOllamaName(name))) continue;
        const model = readModel(folder, join(folder, root, ...path), name);
        if (model) found.set(shortOllamaName(name), model);
      }
  return sorted(found);
}

/** The newer first, as Ollama looks. */
const manifestFolders = ['manifests-v2', 'manifests'];
/** More than anybody keeps. */
const mostManifests = 1000;
/** In bytes. They have about a thousand; those of models in many layers some hundred thousand. */
const largestManifest = 2e6;

function sorted(models: ReadonlyMap<string, OllamaModel>): OllamaModel[] {
  return [...models].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, model]) => model);
}

/** Ways of so many names below a folder. */
function* pathsIn(folder: string, depth: number): Generator<string[]> {
  if (depth === 0) return yield [];
  for (const name of names(folder)) for (const rest of pathsIn(join(folder, name), depth - 1)) yield [name, ...rest];
}

/** None where there is no folder, or it may not be read. */
function names(folder: string): string[] {
  try {
    return readdirSync(folder).slice(0, mostManifests);
  } catch {
    return [];
  }
}

interface Manifest {
  layers?: { mediaType?: unknown; digest?: unknown }[];
  /** Of a list: the same model for several runtimes, here or in blobs of their own. */
  manifests?: (Manifest & { digest?: unknown })[];
}

function readModel(folder: string, manifestPath: string, name: OllamaName): OllamaModel | undefined {
  try {
    const whole = readManifest(manifestPath);
    const kinds = whole?.manifests?.map(kind => (kind.layers ? kind : readManifest(blobPath(folder, kind.digest))));
    const layers = [whole, ...(kinds ?? [])].map(kind => kind?.layers ?? []);
    for (const own of layers) {
      const weights = own.find(layer => layer.mediaType === 'application/vnd.ollama.image.model');
      const path = blobPath(folder, weights?.digest);
      const info = path === undefined ? undefined : statSync(path, { throwIfNoEntry: false });
      if (!path || !info?.isFile()) continue;
      const isAdapted = own.some(layer => layer.mediaType === 'application/vnd.ollama.image.adapter');
      return { name, path, bytes: info.size, isAdapted };
    }
  } catch {
    // A manifest that is not there or is damaged: Ollama leaves it out of its list, too.
  }
  return undefined;
}

function readManifest(path: string | undefined): Manifest | undefined {
  const info = path === undefined ? undefined : statSync(path, { throwIfNoEntry: false });
  // A pipe would be waited for.
  if (!info?.isFile() || info.size > largestManifest) return undefined;
  return JSON.parse(readFileSync(path!, 'utf8'));
}

/** Nothing but a hash's file: a manifest must not point elsewhere. */
function blobPath(folder: string, digest: unknown): string | undefined {
  const [, hash] = /^sha256[:-]([0-9a-f]{64})$/i.exec(typeof digest === 'string' ? digest : '') ?? [];
  return hash === undefined ? undefined : join(folder, 'blobs', `sha256-${hash}`);
}
