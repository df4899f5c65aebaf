import { relative } from 'node:path';
import { root } from './root.mjs';

/**
 * A reporter of node:test: the files in which something failed, a line each, from the project's folder.
 *
 * @param {AsyncIterable<{ type: string, data: { name: string, file?: string } }>} events
 */
export default async function* failedFilesReporter(events) {
  const seen = new Set();
  for await (const { type, data } of events) {
    if (type !== 'test:fail') continue;
    // A file that ended badly or not at all is reported by its path as name; a step, by where its function was written.
    const file = relative(root, data.file ?? data.name);
    if (file.endsWith('.test.ts') && !seen.has(file)) yield `${file}\n`;
    seen.add(file);
  }
}
