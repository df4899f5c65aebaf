import type { Uri } from 'vscode';
import { addTrainEvent } from '../../nn/train/trainHistory.ts';
import type { RunProgress, RunRecord, RunResult } from '../../protocol/runRecord.ts';
import type { RunKind, RunState, StopWish } from '../../protocol/runState.ts';
import type { TrainEvent } from '../../protocol/trainEvents.ts';
import type { TrainingPlace } from '../../protocol/trainingPlace.ts';

/** A training or an evaluation: of this window, of another, of the command line, or of an earlier session. */
export interface Run {
  readonly id: string;
  readonly recipe: Uri;
  readonly kind: RunKind;
  /** The experts that are trained; empty for an evaluation. */
  readonly experts: readonly string[];
  /** The held-out sets that are evaluated; all of the recipe without it. */
  readonly sets?: readonly string[];
  /** Where a training goes on that does not go on here. */
  readonly on?: TrainingPlace;
  readonly state: RunState;
  /** Milliseconds since 1970: its beginning, and when its engine last gave a sign of life. */
  readonly startedAt: number;
  readonly updatedAt: number;
  readonly progress?: RunProgress;
  /**
   * Oldest first; thinned where there are very many. Those on disk are read when they are first asked for, and come with
   * a change. The array grows in place.
   */
  readonly events: readonly TrainEvent[];
  /** Why it failed, in words. */
  readonly message?: string;
  /** Why it failed, where that happened in this window. */
  readonly error?: unknown;
  readonly result?: RunResult;
  /** This window's engine runs it. */
  readonly isHere: boolean;
  /** Resolves when it does not run, whatever became of it; never rejects. */
  readonly ended: Promise<void>;
  /** Asks its engine to stop, whichever window's that is; a training then writes a checkpoint. */
  stop(): Promise<void>;
  /** As stopping, and the run is kept open: it is paused until it is resumed. */
  pause(): Promise<void>;
  /** Goes on in this window's engine, from the last checkpoint, as the same run. */
  resume(): Run;
}

/** A run, and what is learned of it. */
export interface LiveRun extends Run {
  /** This window's engine takes it up; `stop` stops it. */
  begin(stop: () => void): void;
  /** Somebody has asked for its events. */
  readonly showsEvents: boolean;
  update(change: Partial<RunRecord>): void;
  add(events: TrainEvent[]): void;
  /** This window's engine is through with it. */
  end(change: Partial<RunRecord>, error?: unknown): void;
}

export interface RunActions {
  /** By its record; false where it has none yet. */
  ask(run: Run, wish: StopWish): Promise<boolean>;
  resume(run: LiveRun): void;
  /** Its events are asked for, for the first time. */
  wantEvents(run: LiveRun): void;
  changed(run: Run): void;
  /** Why it failed, in words. */
  wordsOf(error: unknown): string;
}

export function createRun(
  first: RunRecord,
  recipe: Uri,
  { ask, resume, wantEvents, changed, wordsOf }: RunActions,
): LiveRun {
  let record = first;
  let error: unknown;
  let stopHere: (() => void) | undefined;
  let showsEvents = false;
  const events: TrainEvent[] = [];
  const waiting: (() => void)[] = [];

  function update(change: Partial<RunRecord>): void {
    record = { ...record, ...change };
    if (record.state !== 'running') for (const tell of waiting.splice(0)) tell();
    changed(run);
  }

  const run: LiveRun = {
    id: first.id,
    recipe,
    kind: first.kind,
    get experts() {
      return record.experts;
    },
    get sets() {
      return record.sets;
    },
    get on() {
      return record.on;
    },
    get state() {
      return record.state;
    },
    get startedAt() {
      return record.startedAt;
    },
    get updatedAt() {
      return record.updatedAt;
    },
    get progress() {
      return record.progress;
    },
    get events() {
      if (!showsEvents) {
        showsEvents = true;
        wantEvents(run);
      }
      return events;
    },
    get showsEvents() {
      return showsEvents;
    },
    get message() {
      return record.message;
    },
    get error() {
      return error;
    },
    get result() {
      return record.result;
    },
    get isHere() {
      return stopHere !== undefined;
    },
    get ended() {
      return record.state === 'running' ? new Promise<void>(resolve => waiting.push(resolve)) : Promise.resolve();
    },
    async stop() {
      if (stopHere) stopHere();
      else if (record.state === 'running') await ask(run, 'stop');
    },
    async pause() {
      // A run that has not begun has nothing to keep.
      if (record.state === 'running' && !(await ask(run, 'pause'))) stopHere?.();
    },
    resume() {
      if (record.state !== 'running') resume(run);
      return run;
    },

    begin(stop) {
      stopHere = stop;
      error = undefined;
      update({ state: 'running', message: undefined, updatedAt: Date.now() });
    },
    update,
    add(fresh) {
      for (const event of fresh) addTrainEvent(events, event);
      const step = fresh.findLast(event => event.type === 'step');
      update({ ...(step && { progress: { message: 'training', done: step.step, total: step.steps } }) });
    },
    end(change, reason) {
      stopHere = undefined;
      error = reason;
      update({ ...change, updatedAt: Date.now(), message: reason === undefined ? undefined : wordsOf(reason) });
    },
  };
  return run;
}
