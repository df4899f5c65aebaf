import { parseRepoName, type RepoName } from './repoName.ts';

/** A model in GGUF of the hub, named as llama.cpp and Ollama do: `owner/name:Q4_K_M`, by how its file's name ends. */
export interface GgufName extends RepoName {
  tag: string;
}

const tagForm = /^\w[\w.-]{0,79}$/;

/** `owner/name:TAG` or `owner/name:TAG@revision`; undefined for what names no file of a model of the hub. */
export function parseGgufName(text: string): GgufName | undefined {
  const [, repo = '', tag = '', revision = ''] = /^([^:@]+):([^:@]+)(@.+)?$/.exec(text) ?? [];
  const named = parseRepoName(repo + revision);
  return named && tagForm.test(tag) ? { ...named, tag } : undefined;
}

/** As recipes write it; `main` goes without saying. */
export function ggufNameText({ repo, revision, tag }: GgufName): string {
  return `${repo}:${tag}${revision === 'main' ? '' : `@${revision}`}`;
}

const split = /^(.*[^/\\])-(\d{5})-of-(\d{5})\.gguf$/i;
const mostParts = 1000;

/** The paths of all files that a model in GGUF should have, whichever of them is named. */
export function ggufParts(path: string): string[] {
  const [, stem, , count] = split.exec(path) ?? [];
  if (stem === undefined || Number(count) < 2 || Number(count) > mostParts) return [path];
  return Array.from({ length: Number(count) }, (_, i) => `${stem}-${String(i + 1).padStart(5, '0')}-of-${count}.gguf`);
}

/** Whether a file of this name may be a model, or the first of its files: not the part of one that sees or hears. */
export function isFirstOfModel(name: string): boolean {
  if (!/\.gguf$/i.test(name) || /(^|[-_.])mmproj[-_.]/i.test(name)) return false;
  const number = split.exec(name)?.[2];
  return number === undefined || number === '00001';
}

/** Those of a repository's files that a tag means: models whose name ends with it, in upper or lower case. */
export function ggufsOfTag(paths: readonly string[], tag: string): string[] {
  const end = tag.toLowerCase();
  return paths.filter(path => {
    const stem = stemOf(path).toLowerCase();
    return isFirstOfModel(nameOf(path)) && stem.endsWith(end) && /[-_.]$/.test(stem.slice(0, -end.length));
  });
}

/** How the names of quantisations look, those of Unsloth's own mixtures included. */
const quantisation = /[-_.]((?:UD-)?(?:I?Q\d\w*|TQ\d\w*|BF16|FP?16|FP?32|MXFP4\w*))$/i;

/** The tag that means this file and no other one of the repository; undefined where its name ends with none. */
export function ggufTag(paths: readonly string[], path: string): string | undefined {
  const tag = quantisation.exec(stemOf(path))?.[1];
  if (tag === undefined) return undefined;
  const meant = ggufsOfTag(paths, tag);
  return meant.length === 1 && meant[0] === path ? tag : undefined;
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** A file's name without what numbers its parts, and without its ending. */
function stemOf(path: string): string {
  return nameOf(path).replace(/(-\d{5}-of-\d{5})?\.gguf$/i, '');
}
