import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './root.mjs';
import { runNpm } from './run.mjs';
import { say } from './say.mjs';

/**
 * Installs the packages of package-lock.json where node_modules lacks one or has another version; else does nothing.
 * Standard output stays clean. Ends the process with a sentence where Node.js is too old, or the install fails.
 */
export async function install() {
  checkNode();
  const missing = missingPackages();
  if (missing.length === 0) return;
  say(`Installing packages with npm ci (${missing.length} missing or of another version) …`);
  // Without it onnxruntime-node's install script fetches CUDA libraries, and fails where there is no route to NuGet.
  const env = { ...process.env, ONNXRUNTIME_NODE_INSTALL: process.env.ONNXRUNTIME_NODE_INSTALL ?? 'skip' };
  const code = await runNpm(['ci', '--no-audit', '--no-fund'], { env, stdio: ['ignore', 2, 2] });
  if (code === 0) return;
  say('npm ci failed; its reason is above. Behind a proxy, set HTTPS_PROXY; offline, fill the npm cache beforehand.');
  process.exit(code);
}

/** Packages of the lock file that node_modules has not, or in another version, by npm's own record of what it put there. */
function missingPackages() {
  const wanted = packagesOf('package-lock.json');
  const installed = packagesOf('node_modules/.package-lock.json');
  return Object.entries(wanted)
    .filter(([path, p]) => path !== '' && isForHere(p))
    .filter(([path, p]) => installed[path]?.version !== p.version || !existsSync(join(root, path)))
    .map(([path]) => path);
}

/** @typedef {{ version: string, optional?: boolean, os?: string[], cpu?: string[], libc?: string[] }} LockedPackage */

/** @returns {Record<string, LockedPackage>} */
function packagesOf(/** @type {string} */ file) {
  const path = join(root, file);
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')).packages : {};
}

/** False for the optional binaries of other platforms; those that depend on the C library are left to npm. */
function isForHere(/** @type {LockedPackage} */ { optional, os, cpu, libc }) {
  if (!optional) return true;
  return !libc && os?.includes(process.platform) === true && (cpu ?? [process.arch]).includes(process.arch);
}

/** Ends the process where Node.js is older than package.json's `engines` asks for. */
function checkNode() {
  const { engines } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const wanted = engines.node.replace('>=', '');
  if (isAtLeast(process.versions.node, wanted)) return;
  say(
    `This needs Node.js ${wanted} or later; this is ${process.versions.node} (${process.execPath}). See https://nodejs.org.`,
  );
  process.exit(1);
}

function isAtLeast(/** @type {string} */ version, /** @type {string} */ wanted) {
  const have = version.split('.').map(Number);
  const want = wanted.split('.').map(Number);
  const at = want.findIndex((part, i) => part !== have[i]);
  return at < 0 || (have[at] ?? 0) > (want[at] ?? 0);
}
