import type { Readable } from 'node:stream';
import { WorkbenchError } from '../../protocol/errors.ts';

/** A line longer than this is not one of ours: a prompt is some pages at most. In characters. */
const longestLine = 4_000_000;

/**
 * JSON values, one a line, in batches of what has arrived, so that a line is answered before the next is waited for.
 * Empty lines are skipped. Throws `badData` with the number of a line that is not JSON or too long.
 */
export async function* jsonLines(
  input: Readable,
  signal: AbortSignal,
  batch = 256,
): AsyncGenerator<{ line: number; value: unknown }[]> {
  const stop = () => input.destroy();
  signal.addEventListener('abort', stop);
  let rest = '';
  let line = 0;
  let items: { line: number; value: unknown }[] = [];
  const add = (text: string) => {
    line++;
    // Editors on Windows put a byte order mark in front.
    if (line === 1) text = text.replace(/^\uFEFF/, '');
    if (text.trim() !== '') items.push({ line, value: parseLine(text, line) });
  };
  try {
    input.setEncoding('utf8');
    for await (const chunk of input) {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop()!;
      if (rest.length > longestLine)
        throw new WorkbenchError('badData', `stdin:${line + 1}: the line is longer than ${longestLine} characters`);
      for (const text of lines) {
        add(text);
        if (items.length < batch) continue;
        yield items;
        items = [];
      }
      if (items.length > 0) yield items;
      items = [];
    }
    if (rest !== '') add(rest);
    if (items.length > 0) yield items;
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

function parseLine(text: string, line: number): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new WorkbenchError('badData', `stdin:${line}: not JSON (${(error as Error).message})`);
  }
}
