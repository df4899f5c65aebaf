import { relative } from 'node:path';
import { root } from '../build/root.mjs';
import { testFileOf } from './bundledTest.mjs';
import { add, noCounts } from './counts.mjs';

/** @typedef {import('./counts.mjs').Counts} Counts */
/** @typedef {{ nesting: number, name: string, file?: string, skip?: unknown, todo?: unknown,
 *   details?: { type?: string, error?: { failureType?: string } } }} TestData */

const cancellations = ['cancelledByParent', 'testAborted', 'testTimeout'];

/**
 * A reporter of node:test: the counts of each file as JSON, by its path from the project's folder.
 *
 * @param {AsyncIterable<{ type: string, data: TestData }>} events
 */
export default async function* resultsReporter(events) {
  /** @type {Record<string, Counts>} */
  const files = {};
  /** Steps come before the test that they are part of, and their own file is where their function was written. */
  let counts = noCounts();
  for await (const { type, data } of events) {
    if (type !== 'test:pass' && type !== 'test:fail') continue;
    count(counts, type === 'test:pass', data);
    if (data.nesting > 0) continue;
    // A file that ended badly or not at all is reported as a test with its path as name.
    const path = testFileOf(relative(root, data.file ?? data.name).replaceAll('\\', '/'));
    add((files[path] ??= noCounts()), counts);
    counts = noCounts();
  }
  yield JSON.stringify(files);
}

function count(/** @type {Counts} */ counts, /** @type {boolean} */ passed, /** @type {TestData} */ data) {
  if (data.details?.type === 'suite') {
    counts.suites++;
    return;
  }
  counts.tests++;
  if (data.skip !== undefined) counts.skipped++;
  else if (data.todo !== undefined) counts.todo++;
  else if (passed) counts.pass++;
  else if (cancellations.includes(data.details?.error?.failureType ?? '')) counts.cancelled++;
  else counts.fail++;
}
