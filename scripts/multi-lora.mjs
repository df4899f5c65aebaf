#!/usr/bin/env node
/** The package's `bin`: the command line, built first where a fresh checkout has no dist/ yet. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './build/root.mjs';
import { say } from './build/say.mjs';

const cli = join(root, 'dist/cli.mjs');
if (!existsSync(cli)) {
  say('multi-lora: dist/ is not built yet; building it first.');
  await import('./build.mjs');
}
const { runCli } = await import('./build/runCli.mjs');
await runCli(process.argv.slice(2));
