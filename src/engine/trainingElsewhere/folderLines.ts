import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { openFile } from '../../experiment/files.ts';
import { eventsFile } from '../../experiment/paths.ts';
import { parseTrainEvent } from '../../protocol/trainEvents.ts';

/** Milliseconds between two looks at whether there is more. */
const pause = 500;

/**
 * The events of a training in a folder, line by line: those that are there, or with `follow` those that still come too, until one says that
 * the training has ended or the signal aborts. Throws `notFound` without the file.
 */
export async function* folderLines(folder: string, follow: boolean, signal: AbortSignal): AsyncGenerator<string> {
  let offset = 0;
  for (;;) {
    const { lines, end } = await linesFrom(join(folder, eventsFile), offset);
    offset = end;
    yield* lines;
    const isEnded = /^(trained|cancelled)$/.test(parseTrainEvent(lines.at(-1) ?? '')?.type ?? '');
    if (!follow || isEnded || signal.aborted) return;
    await delay(pause, undefined, { signal }).catch(() => {});
  }
}

/** The whole lines of a file after an offset in bytes, and where they end. */
async function linesFrom(path: string, offset: number): Promise<{ lines: string[]; end: number }> {
  const { handle, size } = await openFile(path, 'the events of the training');
  try {
    const bytes = Buffer.alloc(Math.max(0, size - offset));
    const { bytesRead } = await handle.read(bytes, 0, bytes.length, offset);
    const end = bytes.subarray(0, bytesRead).lastIndexOf('\n') + 1;
    return { lines: bytes.toString('utf8', 0, end).split('\n').slice(0, -1), end: offset + end };
  } finally {
    await handle.close();
  }
}
