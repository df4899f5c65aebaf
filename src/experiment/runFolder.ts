import { createReadStream } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import type { RunRecord } from '../protocol/runRecord.ts';
import type { StopWish } from '../protocol/runState.ts';
import type { TrainEvent } from '../protocol/trainEvents.ts';
import { runPaths } from './paths.ts';
import { isProcessAlive } from './processes.ts';
import { readRunRecord } from './runRecordFile.ts';

/** An engine that has not touched its record for so many milliseconds is gone, whoever has its process id by now. */
export const recordGone = 600_000;

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
  const files = runPaths(path);
  let offset = 0;
  return {
    path,
    async record() {
      const record = await readRunRecord(path);
      if (!record) return undefined;
      const isGone = record.state === 'running' && !isAlive(record);
      return { ...record, isGone, ...(isGone && { state: 'interrupted' }) };
    },
    async newEvents() {
      const events: TrainEvent[] = [];
      let rest = Buffer.alloc(0);
      try {
        for await (const chunk of createReadStream(files.events, {
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
    requestStop: wish => writeFile(files.stop, wish),
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
  return Date.now() - updatedAt <= recordGone && isProcessAlive(pid);
}
