/** How many tests came to what; the names and the counting are those of node:test's own summary. */
/** @typedef {Record<'tests' | 'suites' | 'pass' | 'fail' | 'cancelled' | 'skipped' | 'todo', number>} Counts */

/** @returns {Counts} */
export function noCounts() {
  return { tests: 0, suites: 0, pass: 0, fail: 0, cancelled: 0, skipped: 0, todo: 0 };
}

/** Adds the counts of some tests to others. */
export function add(/** @type {Counts} */ sum, /** @type {Counts} */ counts) {
  for (const key of /** @type {(keyof Counts)[]} */ (Object.keys(sum))) sum[key] += counts[key];
}

/** The summary of node:test, of tests that several of its processes have run since `started`. */
export function summary(/** @type {Counts[]} */ all, /** @type {number} */ started) {
  const sum = noCounts();
  for (const counts of all) add(sum, counts);
  const lines = [...Object.entries(sum), ['duration_ms', performance.now() - started]];
  return lines.map(([name, n]) => `ℹ ${name} ${n}\n`).join('');
}
