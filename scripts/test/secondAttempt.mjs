/**
 * The tests of `.ci/run`: `npm test`, then once more the files in which something failed. An editor under load now and
 * then loses a key or closes a menu; what is broken fails twice. What needed a second attempt is named in the last line:
 * its cause is to be mended.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runNpm } from '../build/run.mjs';
import { summary } from './counts.mjs';

/** @typedef {import('./counts.mjs').Counts} Counts */

const folder = mkdtempSync(join(tmpdir(), 'multi-lora-results-'));
const started = performance.now();
const first = await attempt([]);
const again = failedIn(first.files);
if (again.length === 0) {
  if (first.code === 0) print('No file needed a second attempt.');
  process.exitCode = first.code;
} else {
  print(`A second attempt for what failed: ${again.join(', ')}`);
  const second = await attempt(again);
  const files = { ...first.files, ...second.files };
  print('All tests, the files of the second attempt as they came out there:');
  print(summary(Object.values(files), started).trimEnd());
  const twice = failedIn(second.files);
  if (twice.length > 0) print(`Failed twice: ${twice.join(', ')}`);
  print(`Needed a second attempt: ${again.join(', ')}`);
  process.exitCode = second.code;
}
rmSync(folder, { recursive: true });

/** @returns {Promise<{ code: number, files: Record<string, Counts> }>} */
async function attempt(/** @type {string[]} */ paths) {
  const results = join(folder, `${paths.length}.json`);
  const code = await runNpm(['test', '--', `--results=${results}`, ...paths]);
  // Where a check before the tests failed, there is none.
  return { code, files: existsSync(results) ? JSON.parse(readFileSync(results, 'utf8')) : {} };
}

function failedIn(/** @type {Record<string, Counts>} */ files) {
  return Object.keys(files).filter(path => files[path]?.fail || files[path]?.cancelled);
}

/** Beside the results of the tests, on standard output. */
function print(/** @type {string} */ line) {
  process.stdout.write(`${line}\n`);
}
