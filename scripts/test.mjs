/**
 * `npm test`: what `npm run check` checks, then the tests; works from a fresh clone.
 *
 *   npm test                              everything
 *   npm test -- test/nn/lora              the tests of a file or folder, without the checks before
 *   npm test -- 'bit for bit'             the tests whose title matches, without the checks before
 *   npm test -- --test-only …             options of `node --test` pass through
 *   npm test -- --results=FILE            writes how many tests of each file passed and failed, as JSON
 */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join, posix } from 'node:path';
import { install } from './build/install.mjs';
import { root } from './build/root.mjs';
import { runNpm } from './build/run.mjs';
import { say } from './build/say.mjs';
import { drivesTheEditor, runFiles } from './test/runFiles.mjs';

const args = process.argv.slice(2);
const results = args.find(a => a.startsWith('--results='))?.slice('--results='.length);
const options = args.filter(a => a.startsWith('-') && !a.startsWith('--results='));
const rest = args.filter(a => !a.startsWith('-'));
const paths = rest.filter(a => existsSync(join(root, a))).map(a => posix.join(a.replaceAll('\\', '/'), '.'));
const titles = rest.filter(a => !existsSync(join(root, a)));

// Node.js 20 takes no globs.
const files = (paths.length > 0 ? paths : ['test']).flatMap(testFiles).sort();
if (files.length === 0) {
  say(`No *.test.ts in ${paths.join(', ')}.`);
  process.exit(1);
}
await install();
if (paths.length + titles.length === 0) {
  const code = await runNpm(['run', '--silent', 'check']);
  if (code !== 0) process.exit(code);
}
// The editor loads this project as it is built; tests that start programs then start those, and are bundled themselves.
// Else nothing is, and sources run.
const needsBundles = files.some(drivesTheEditor);
if (needsBundles) {
  await (await import('./build/buildAll.mjs')).buildAll();
  process.env.MULTI_LORA_TEST_BUILT = '1';
}

say(`Tests (${files.length} files) …`);
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
process.exitCode = await runFiles(
  files,
  needsBundles,
  [
    // A file that does not end, because something it started lives on, fails instead of holding everything up.
    ...(major > 20 || minor >= 11 ? ['--test-timeout=900000'] : []),
    ...titles.map(title => `--test-name-pattern=${title}`),
    ...options,
  ],
  results,
);

/** @returns {string[]} */
function testFiles(/** @type {string} */ path) {
  if (!statSync(join(root, path)).isDirectory()) return [path];
  return readdirSync(join(root, path)).flatMap(name => {
    const inner = `${path}/${name}`;
    return statSync(join(root, inner)).isDirectory() || name.endsWith('.test.ts') ? testFiles(inner) : [];
  });
}
