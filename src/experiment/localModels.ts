import { readdir, realpath, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { ggufNameText, ggufParts, ggufTag, isFirstOfModel } from '../hub/ggufFiles.ts';
import { ollamaBase, shortOllamaName } from '../hub/ollamaName.ts';
import { repoOfFolder } from '../hub/repoName.ts';
import { ggufArchitecture } from '../nn/model/ggufConfig.ts';
import type { LocalModel } from '../protocol/engine/models.ts';
import { readJson, readText } from './files.ts';
import { readGgufStart } from './ggufFile.ts';
import { commitOf, repoFolders } from './hubCache.ts';
import { ollamaModels } from './ollamaModels.ts';

/**
 * The models in GGUF that other programs keep on this machine, each once except where Ollama has several names for it.
 * Folders that are missing, may not be read or hold something else are none; no model's file is opened.
 *
 * @param hubCache the Hugging Face cache
 */
export async function localModels(hubCache: string): Promise<LocalModel[]> {
  const found: LocalModel[] = ollamaModels()
    .filter(model => !model.isAdapted)
    .map(({ name, path, bytes }) => ({
      name: shortOllamaName(name),
      owner: 'Ollama',
      base: ollamaBase(name),
      path,
      bytes,
    }));
  const files: Found[] = [];
  for (const folder of await lmStudioFolders()) files.push(...(await ggufFilesIn(folder, 2)).map(of('LM Studio')));
  const llamaCpp = llamaCppFolder();
  files.push(...(await ggufFilesIn(llamaCpp, 0)).map(of('llama.cpp')));
  // Since 2026 llama.cpp keeps its downloads as the Hugging Face libraries do.
  const ofLlamaCpp = (await hubFiles(llamaCpp)).map(({ name, path }) => ({ name, path }));
  files.push(...ofLlamaCpp.map(of('llama.cpp')));
  files.push(...(await hubFiles(hubCache)).map(of('Hugging Face cache')));
  const seen = new Set(await Promise.all(found.map(({ path }) => realpath(path))));
  for (const { name, path, owner, base = path, cached } of files) {
    const real = await realpath(path).catch(() => undefined);
    const bytes = await modelSize(path);
    if (real === undefined || bytes === undefined || seen.has(real)) continue;
    seen.add(real);
    found.push({ name, owner, base, path, bytes, ...(cached && { cached }) });
  }
  return found;
}

/**
 * Why a GGUF file cannot be a base, as far as its beginning says; undefined where nothing is wrong there. The whole head
 * takes up to a second where the vocabulary is large, and there may be dozens of models.
 */
export async function ggufProblem(path: string): Promise<unknown> {
  try {
    const metadata = await readGgufStart(path);
    if (metadata) ggufArchitecture(metadata, path);
    return undefined;
  } catch (error) {
    return error;
  }
}

interface File {
  /** Within its owner's folder, with slashes. */
  name: string;
  path: string;
  /** As recipes name it; without it by its path. */
  base?: string;
  cached?: { repo: string; commit: string };
}

type Found = File & { owner: LocalModel['owner'] };

const of =
  (owner: LocalModel['owner']) =>
  (file: File): Found => ({ ...file, owner });

/** Folders that are looked into at most for one owner, and names that are read of one. */
const mostFolders = 2000;
const mostNames = 2000;

const newWalk = () => ({ foldersLeft: mostFolders });

/** The models' files of a folder and of those in it, so many levels down, however links lead there. */
async function ggufFilesIn(folder: string, levels: number, prefix = '', walk = newWalk()): Promise<File[]> {
  if (walk.foldersLeft-- <= 0) return [];
  const files: File[] = [];
  for (const name of await names(folder)) {
    const path = join(folder, name);
    if (/\.gguf$/i.test(name)) {
      if (isFirstOfModel(name)) files.push({ name: prefix + name, path });
    } else if (levels > 0 && !name.startsWith('.') && (await isFolder(path)))
      files.push(...(await ggufFilesIn(path, levels - 1, `${prefix}${name}/`, walk)));
  }
  return files;
}

/** The models' files of a cache in the form of the Hugging Face libraries; of several commits that of `main` first. */
async function hubFiles(cacheFolder: string): Promise<File[]> {
  const walk = newWalk();
  const files: File[] = [];
  for (const folder of await names(cacheFolder)) {
    const repo = repoOfFolder(folder);
    if (repo === undefined) continue;
    const { refs, snapshots } = repoFolders(cacheFolder, repo);
    const main = commitOf(join(refs, 'main'));
    const commits = (await names(snapshots)).sort((a, b) => Number(b === main) - Number(a === main));
    // Some keep each quantisation in a folder of its own.
    for (const commit of commits) {
      const own = await ggufFilesIn(join(snapshots, commit), 1, '', walk);
      const paths = own.map(({ name }) => name);
      for (const { name, path } of own) {
        const tag = commit === main ? ggufTag(paths, name) : undefined;
        const base = tag === undefined ? undefined : ggufNameText({ repo, revision: 'main', tag });
        files.push({ name: `${repo}/${name}`, path, base, cached: { repo, commit } });
      }
    }
  }
  return files;
}

/** Where LM Studio keeps models, now and earlier: lmstudio-js's findLMStudioHome, and what its settings name instead. */
async function lmStudioFolders(): Promise<string[]> {
  const home = homedir();
  const pointer = await readText(join(home, '.lmstudio-home-pointer'), 'a path', 10_000).catch(() => '');
  const homes = [pointer.trim(), join(home, '.lmstudio'), join(home, '.cache', 'lm-studio')].filter(isAbsolute);
  const folders: string[] = [];
  for (const own of new Set(homes)) {
    const settings = await readJson(join(own, 'settings.json'), 'settings', 1e6).catch(() => undefined);
    const chosen = (settings as { downloadsFolder?: unknown } | undefined | null)?.downloadsFolder;
    if (typeof chosen === 'string' && isAbsolute(chosen)) folders.push(chosen);
    folders.push(join(own, 'models'));
  }
  return [...new Set(folders)];
}

/** Where llama.cpp keeps what it downloads: its common.cpp's fs_get_cache_directory. */
function llamaCppFolder(): string {
  const { LLAMA_CACHE, XDG_CACHE_HOME, LOCALAPPDATA } = process.env;
  if (LLAMA_CACHE) return LLAMA_CACHE;
  if (process.platform === 'darwin') return join(homedir(), 'Library', 'Caches', 'llama.cpp');
  const caches = process.platform === 'win32' ? LOCALAPPDATA : XDG_CACHE_HOME;
  return join(caches || join(homedir(), '.cache'), 'llama.cpp');
}

/** In order; none where there is no folder, or it may not be read. */
async function names(folder: string): Promise<string[]> {
  const found = await readdir(folder).catch((): string[] => []);
  return found.sort().slice(0, mostNames);
}

async function isFolder(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isDirectory() ?? false;
}

/** Of all its files, in bytes; undefined where one of them is missing, or is no file. */
async function modelSize(path: string): Promise<number | undefined> {
  const infos = await Promise.all(ggufParts(path).map(file => stat(file).catch(() => undefined)));
  if (!infos.every(info => info?.isFile())) return undefined;
  return infos.reduce((sum, info) => sum + info!.size, 0);
}
