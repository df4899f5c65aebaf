import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root } from '../build/root.mjs';
import { run } from '../build/run.mjs';
import { say } from '../build/say.mjs';
import { summary } from './counts.mjs';

/** @typedef {import('./counts.mjs').Counts} Counts */

/**
 * Runs test files with node:test: those that drive the editor one after the other, and beside them as many of the others
 * at once as the machine has cores. Two editors at once, each with a browser, take each other's time; beside one, the
 * cores have something to do while it waits. Gives the exit code; `results` names a file for the counts of each file.
 *
 * @param {string[]} files
 * @param {boolean} fromBundles runs what is bundled of them here, else their sources
 * @param {string[]} options of `node --test`
 * @param {string | undefined} results
 */
export async function runFiles(files, fromBundles, options, results) {
  const folder = mkdtempSync(join(tmpdir(), 'multi-lora-fixtures-'));
  const started = performance.now();
  const bundles = fromBundles ? await (await import('./bundleTests.mjs')).bundleTests(files) : new Map();
  const lanes = [
    { files: files.filter(file => !drivesTheEditor(file)), atOnce: availableParallelism() },
    { files: files.filter(drivesTheEditor), atOnce: 1 },
  ]
    .filter(lane => lane.files.length > 0)
    .map((lane, i) => ({
      ...lane,
      files: inSharedProcesses(lane.files, folder, file => bundles.get(file) ?? file),
      counts: join(folder, `${i}.json`),
      output: join(folder, `${i}.txt`),
    }));
  // What one test file makes, such as a trained workspace, others take a copy of.
  const env = { ...process.env, MULTI_LORA_TEST_FIXTURES: folder };
  const codes = await Promise.all(
    lanes.map(async ({ files, atOnce, counts, output }, i) => {
      const reporters = { spec: 'stdout', './scripts/test/resultsReporter.mjs': counts };
      const command = [
        ...(fromBundles ? ['--enable-source-maps'] : ['--import', 'tsx']),
        ...['--test', `--test-concurrency=${atOnce}`],
        ...Object.entries(reporters).flatMap(([name, to]) => [
          `--test-reporter=${name}`,
          `--test-reporter-destination=${to}`,
        ]),
        ...options,
        ...files,
      ];
      if (i === 0) return run(process.execPath, command, { env });
      // Told when it is whole: lines of two lanes would stand among each other.
      const file = openSync(output, 'w');
      const code = await run(process.execPath, command, { env, stdio: ['inherit', file, 'inherit'] });
      closeSync(file);
      return code;
    }),
  );
  for (const { output } of lanes.slice(1)) {
    say('The tests that drive the editor:');
    process.stdout.write(readFileSync(output));
  }
  /** @type {Record<string, Counts>} */
  const counts = Object.assign({}, ...lanes.map(lane => JSON.parse(readFileSync(lane.counts, 'utf8'))));
  if (lanes.length > 1) process.stdout.write(`All tests:\n${summary(Object.values(counts), started)}`);
  if (results) writeFileSync(results, JSON.stringify(counts));
  rmSync(folder, { recursive: true });
  return Math.max(...codes);
}

/** Those that lie in test/extension itself; test/architecture.test.ts holds that they alone do. */
export function drivesTheEditor(/** @type {string} */ file) {
  return dirname(file) === 'test/extension';
}

/** Folders of rooms that have no state of their own: a process of each file's own would cost more than its tests. */
const statelessFolders = [
  'nn',
  'data',
  'recipe',
  'router',
  'review',
  'evaluation',
  'report',
  'text',
  'hub',
  'protocol',
];

/** Fewer files start soon enough each by itself. */
const fewFiles = 16;

/**
 * The files that node:test gets: of rooms without state, where they are many, one a folder, which imports the others.
 *
 * @param {string[]} files
 * @param {string} folder
 * @param {(file: string) => string} started what is started of a test file
 */
function inSharedProcesses(files, folder, started) {
  const shared = files.filter(file => statelessFolders.includes(file.split('/')[1] ?? ''));
  if (shared.length <= fewFiles) return files.map(started);
  // Not more than a folder: what one room does to its process, such as small numbers that the runtime makes zero, would
  // be seen by the next.
  const entries = [...new Set(shared.map(file => dirname(file)))].map(name => {
    const imports = shared
      .filter(file => dirname(file) === name)
      .map(file => `await import(${JSON.stringify(pathToFileURL(join(root, started(file))).href)});\n`);
    const entry = join(folder, `${name.replaceAll('/', '-')}.test.mjs`);
    writeFileSync(entry, imports.join(''));
    return entry;
  });
  return [...files.filter(file => !shared.includes(file)).map(started), ...entries];
}
