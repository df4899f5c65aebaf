/**
 * `npm test`: format, lint, types, then the tests; works from a fresh clone.
 *
 *   npm test                              everything
 *   npm test -- test/nn/lora            the tests of a file or folder, without the checks before
 *   npm test -- 'bit for bit'             the tests whose title matches, without the checks before
 *   npm test -- --test-only …             options of `node --test` pass through
 *
 * Files that drive an editor or a browser get a second attempt when nothing else failed.
 */
import './build.mjs';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { root } from './build/root.mjs';
import { run } from './build/run.mjs';
import { say } from './build/say.mjs';

const args = process.argv.slice(2);
const options = args.filter(a => a.startsWith('-'));
const paths = args.filter(a => !a.startsWith('-') && existsSync(join(root, a)));
const titles = args.filter(a => !a.startsWith('-') && !paths.includes(a));

if (paths.length + titles.length === 0) {
  await check('Format and lint (biome check)', ['node_modules/@biomejs/biome/bin/biome', 'check', '.']);
  await check('Types (tsc)', ['node_modules/typescript/bin/tsc', '--noEmit']);
  await check('Types of the views (tsc)', ['node_modules/typescript/bin/tsc', '--noEmit', '-p', 'webview']);
}

// Node.js 20 takes no globs.
const files = (paths.length > 0 ? paths : ['test']).flatMap(testFiles).sort();
if (files.length === 0) {
  say(`No *.test.ts in ${paths.join(', ')}.`);
  process.exit(1);
}
say(`Tests (${files.length} files) …`);
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
const flags = [
  '--import',
  'tsx',
  '--test',
  '--test-concurrency=2',
  // A file that does not end, because something it started lives on, fails instead of holding everything up.
  ...(major > 20 || minor >= 11 ? ['--test-timeout=900000'] : []),
];
const failed = join(mkdtempSync(join(tmpdir(), 'multi-lora-tests-')), 'failed');
process.exitCode = await runTests(files);
const again = readFileSync(failed, 'utf8').split('\n').filter(Boolean);
if (process.exitCode !== 0 && again.length > 0 && again.every(drivesAnEditor)) {
  // An editor under load now and then loses a key or closes a menu. What is broken fails twice.
  say(`Failed, and tried once more: ${again.join(', ')} …`);
  process.exitCode = await runTests(again);
  if (process.exitCode === 0) say(`Passed at the second attempt alone: ${again.join(', ')}.`);
}
rmSync(dirname(failed), { recursive: true });

function runTests(/** @type {string[]} */ paths) {
  const reporters = [
    ['spec', 'stdout'],
    ['./scripts/build/failedFilesReporter.mjs', failed],
  ].flatMap(([name, to]) => [`--test-reporter=${name}`, `--test-reporter-destination=${to}`]);
  return run(process.execPath, [
    ...flags,
    ...reporters,
    ...titles.map(t => `--test-name-pattern=${t}`),
    ...options,
    ...paths,
  ]);
}

function drivesAnEditor(/** @type {string} */ path) {
  return path.startsWith(join('test', 'host')) || path.startsWith(join('test', 'webview'));
}

async function check(/** @type {string} */ what, /** @type {string[]} */ command) {
  say(`${what} …`);
  const code = await run(process.execPath, command);
  if (code !== 0) process.exit(code);
}

/** @returns {string[]} */
function testFiles(/** @type {string} */ path) {
  if (!statSync(join(root, path)).isDirectory()) return [path];
  return readdirSync(join(root, path)).flatMap(name => {
    const inner = `${path}/${name}`;
    return statSync(join(root, inner)).isDirectory() || name.endsWith('.test.ts') ? testFiles(inner) : [];
  });
}
