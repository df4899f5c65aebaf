import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { browserMissing } from '../../support/browser.ts';
import { isRunning } from '../../support/programs.ts';

/** VS Code 1.139.1 as a server, and the Node it wants; both from the npm registry, nothing is compiled. */
const codeServer = '4.139.1';
const nodeVersion = '24.21.0';

/** A VS Code that can be started here. There is a browser to see it in. */
export interface Editor {
  node: string;
  entry: string;
}

/** The editor from the cache, installed there first (half a minute) where it is missing; or why it can't be had. */
export function installEditor(): Editor | { missing: string } {
  if (browserMissing) return { missing: browserMissing };
  if (process.platform !== 'linux') return { missing: `the editor for tests is put together for Linux alone` };
  const nodePackage = `node-linux-${process.arch}`;
  const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'multi-lora-workbench');
  const folder = join(cache, `vscode-${codeServer}`);
  const node = join('node_modules', nodePackage, 'bin', 'node');
  const entry = join('node_modules', 'code-server', 'out', 'node', 'entry.js');
  const isThere = () => existsSync(join(folder, node)) && existsSync(join(folder, entry));
  mkdirSync(cache, { recursive: true });
  while (!isThere()) {
    // Test files run side by side: one installs, the others wait for it.
    const unlock = lock(`${folder}.lock`);
    if (!unlock) continue;
    const problem = isThere() ? undefined : install(folder, nodePackage, node);
    unlock();
    if (problem) return { missing: `code-server could not be installed into ${folder}: ${problem}` };
  }
  return { node: join(folder, node), entry: join(folder, entry) };
}

/** Takes a lock and returns what gives it back; undefined, after a while, where another process holds it. */
function lock(path: string): (() => void) | undefined {
  try {
    writeFileSync(path, String(process.pid), { flag: 'wx' });
    return () => rmSync(path, { force: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1000);
    const holder = holderOf(path);
    if (holder && !isRunning(holder)) rmSync(path, { force: true });
    return undefined;
  }
}

/** The process that holds a lock; 0 where it gave it back, or has not written its number yet. */
function holderOf(path: string): number {
  try {
    return Number(readFileSync(path, 'utf8'));
  } catch {
    return 0;
  }
}

/** Installs beside its place and moves there when it is whole. Returns what went wrong. */
function install(folder: string, nodePackage: string, node: string): string | undefined {
  const partial = `${folder}.${process.pid}`;
  process.stderr.write(`Installing VS Code for the tests into ${folder} …\n`);
  try {
    mkdirSync(partial, { recursive: true });
    writeFileSync(join(partial, 'package.json'), '{ "private": true, "allowScripts": {} }');
    npm(partial, ['--save-exact', `code-server@${codeServer}`, `${nodePackage}@${nodeVersion}`]);
    chmodSync(join(partial, node), 0o755);
    const inner = join(partial, 'node_modules', 'code-server', 'lib', 'vscode');
    // Not 'npm ci': the lock file that it comes with is incomplete.
    npm(inner, ['--omit=dev']);
    npm(join(inner, 'extensions'), ['--omit=dev']);
    renameSync(partial, folder);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    rmSync(partial, { recursive: true, force: true });
  }
}

function npm(cwd: string, args: string[]): void {
  const flags = ['install', '--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error'];
  const { npm_execpath: path } = process.env;
  const [command, first] = path?.endsWith('.js') ? [process.execPath, [path]] : ['npm', []];
  const { status, stderr, error } = spawnSync(command, [...first, ...flags, ...args], { cwd, encoding: 'utf8' });
  if (status !== 0) throw new Error(error?.message ?? stderr.trim().split('\n').slice(-3).join(' '));
}
