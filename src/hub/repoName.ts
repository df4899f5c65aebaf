/** A model of the hub: `owner/name`, and the branch, tag or commit of it that is meant. */
export interface RepoName {
  repo: string;
  revision: string;
}

/** Owner and name begin and end with a letter, a digit or an underscore, as on the hub. */
const part = '[A-Za-z0-9_](?:[\\w.-]*[A-Za-z0-9_])?';
const form = new RegExp(`^(${part}/${part})(?:@([\\w.-]+(?:/[\\w.-]+)*))?$`);

/** `owner/name` or `owner/name@revision`; undefined for what cannot be a model of the hub. */
export function parseRepoName(text: string): RepoName | undefined {
  const [, repo, revision = 'main'] = form.exec(text) ?? [];
  // The hub has no such names, and '--' stands for the slash in the cache's folder names.
  if (repo === undefined || /--|\.\./.test(repo) || repo.length > 96) return undefined;
  return isRevision(revision) ? { repo, revision } : undefined;
}

/** Whether a revision can be a file's name in the cache: nothing that leads out of its folder. */
function isRevision(text: string): boolean {
  return /^[\w.-]+(\/[\w.-]+)*$/.test(text) && !text.split('/').some(p => /^\.+$/.test(p)) && text.length <= 200;
}

/** A repository's folder in the Hugging Face cache, `models--owner--name`. */
export function repoFolderName(repo: string): string {
  return `models--${repo.replace('/', '--')}`;
}

/** The repository of a folder of the cache; undefined for data sets, spaces and anything else. */
export function repoOfFolder(folder: string): string | undefined {
  const [, owner, name] = /^models--(.+?)--(.+)$/.exec(folder) ?? [];
  return owner === undefined ? undefined : parseRepoName(`${owner}/${name}`)?.repo;
}
