import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './root.mjs';
import { say } from './say.mjs';

/** Ends the process with a sentence where Node.js is older than package.json's `engines` asks for. */
export function checkNode() {
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
