import { createReadStream } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { parseRunRecord, type RunRecord, recordGone, runFiles, type StopWish } from '../protocol/runRecord.ts';
import type { TrainEvent } from '../protocol/trainEvents.ts';

/** Events are read this far, in bytes: a run of a hundred thousand steps. */
const mostBytes = 50_000_000;

/** A run's folder on disk, which its engine writes. */
export interface RunFolder {
  readonly path: string;
  /** Its record now; undefined where there is none. One whose engine is gone without a word is interrupted. */
  record(): Promise<(RunRecord & { isGone: boolean }) | undefined>;
  /** The events since they were last read. */
  newEvents(): Promise<TrainEvent[]>;
  /** Asks the engine that runs it to stop or to pause. */
  requestStop(wish: StopWish): Promise<void>;
}

export function openRunFolder(path: string): RunFolder {
  let offset = 0;
  return {
    path,
    async record() {
      const text = await readFile(join(path, runFiles.record), 'utf8').catch(() => '');
      const record = parseRunRecord(text);
      if (!record) return undefined;
      const isGone = record.state === 'running' && !isAlive(record);
      return { ...record, recipe: resolve(path, record.recipe), isGone, ...(isGone && { state: 'interrupted' }) };
    },
    async newEvents() {
      const events: TrainEvent[] = [];
      let rest = Buffer.alloc(0);
      try {
        for await (const chunk of createReadStream(join(path, runFiles.events), {
          start: offset,
          end: Math.max(offset, mostBytes),
        })) {
          const bytes = Buffer.concat([rest, chunk as Buffer]);
          const end = bytes.lastIndexOf('\n') + 1;
          events.push(...bytes.toString('utf8', 0, end).split('\n').flatMap(parseEvent));
          offset += end;
          rest = bytes.subarray(end);
        }
      } catch (error) {
        // An evaluation has none, and a training none before its first step.
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      }
      return events;
    },
    requestStop: wish => writeFile(join(path, runFiles.stop), wish),
  };
}

/** A line that an engine did not come to finish is no event. */
function parseEvent(line: string): TrainEvent[] {
  try {
    return line ? [JSON.parse(line) as TrainEvent] : [];
  } catch {
    return [];
  }
}

function isAlive({ pid, updatedAt }: RunRecord): boolean {
  if (Date.now() - updatedAt > recordGone) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // It runs, and belongs to another user.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
