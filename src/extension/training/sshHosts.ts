import { readdir, readFile } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';

/** Files that a configuration may include, each other included. */
const mostFiles = 50;

/**
 * The hosts that a configuration of ssh names, in its order: those of `Host` without patterns, and of what it includes. `home`
 * is the user's home folder; a file that is not there names none.
 */
export async function sshHosts(home: string): Promise<string[]> {
  const folder = resolve(home, '.ssh');
  const hosts = new Set<string>();
  const read = new Set<string>();

  async function add(path: string): Promise<void> {
    if (read.has(path) || read.size >= mostFiles) return;
    read.add(path);
    const text = await readFile(path, 'utf8').catch(() => '');
    for (const line of text.split(/\r?\n/)) {
      const [, key = '', rest = ''] = /^\s*(\w+)(?:\s*=\s*|\s+)(.*)$/.exec(line) ?? [];
      const words = (rest.match(/"[^"]*"|\S+/g) ?? []).map(word => word.replace(/^"(.*)"$/, '$1'));
      if (/^host$/i.test(key)) for (const host of words.filter(isName)) hosts.add(host);
      if (/^include$/i.test(key)) for (const word of words) for (const file of await filesOf(word)) await add(file);
    }
  }

  /** A path of an `Include`, whose last part may be a pattern. */
  async function filesOf(word: string): Promise<string[]> {
    const path = resolve(
      folder,
      word.replace(/^~(?=\/)/, () => home),
    );
    if (!/[*?]/.test(path)) return [path];
    const parts = basename(path).split(/([*?])/);
    const any: Record<string, string> = { '*': '.*', '?': '.' };
    const pattern = parts.map(part => any[part] ?? part.replace(/\W/g, '\\$&')).join('');
    const names = await readdir(dirname(path)).catch(() => []);
    return names
      .filter(name => new RegExp(`^${pattern}$`).test(name))
      .sort()
      .map(name => resolve(dirname(path), name));
  }

  await add(resolve(folder, 'config'));
  return [...hosts];
}

/** Neither a pattern nor what a host is not. */
function isName(word: string): boolean {
  return /^\w[\w.-]*$/.test(word);
}
