import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { browserMissing } from '../../support/browser.ts';
import { makeOnce } from '../../support/makeOnce.ts';

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
  mkdirSync(cache, { recursive: true });
  try {
    makeOnce(folder, partial => install(partial, nodePackage, node));
  } catch (error) {
    const reason = error instanceof Error ? error.message : error;
    return { missing: `code-server could not be installed into ${folder}: ${reason}` };
  }
  return { node: join(folder, node), entry: join(folder, entry) };
}

function install(folder: string, nodePackage: string, node: string): void {
  process.stderr.write(`Installing VS Code for the tests …\n`);
  writeFileSync(join(folder, 'package.json'), '{ "private": true, "allowScripts": {} }');
  npm(folder, ['--save-exact', `code-server@${codeServer}`, `${nodePackage}@${nodeVersion}`]);
  chmodSync(join(folder, node), 0o755);
  const inner = join(folder, 'node_modules', 'code-server', 'lib', 'vscode');
  // Not 'npm ci': the lock file that it comes with is incomplete.
  npm(inner, ['--omit=dev']);
  npm(join(inner, 'extensions'), ['--omit=dev']);
}

function npm(cwd: string, args: string[]): void {
  const flags = ['install', '--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error'];
  const { npm_execpath: path } = process.env;
  const [command, first] = path?.endsWith('.js') ? [process.execPath, [path]] : ['npm', []];
  const { status, stderr, error } = spawnSync(command, [...first, ...flags, ...args], { cwd, encoding: 'utf8' });
  if (status !== 0) throw new Error(error?.message ?? stderr.trim().split('\n').slice(-3).join(' '));
}
