import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root } from './root.mjs';

/** Runs the built command line in this process: signals and the exit code need no forwarding. */
export async function runCli(/** @type {string[]} */ args) {
  const cli = join(root, 'dist/cli.mjs');
  process.argv.splice(1, Number.POSITIVE_INFINITY, cli, ...args);
  await import(pathToFileURL(cli).href);
}
