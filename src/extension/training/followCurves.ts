import { runCurves } from '../../nn/train/trainHistory.ts';
import type { TrainEvent } from '../../protocol/trainEvents.ts';
import type { RunProgressed } from '../../protocol/views/training.ts';

interface FollowedRun {
  id: string;
  events: readonly TrainEvent[];
}

/** Tells of runs what has come since it was told last. */
export interface CurveFollower {
  /** All of a run so far; from then on its changes are told. */
  follow(run: FollowedRun): RunProgressed;
  changed(run: FollowedRun): void;
}

export function followCurves(tell: (progress: RunProgressed) => void): CurveFollower {
  /** The last event of each run that was told. */
  const told = new Map<string, TrainEvent | undefined>();

  function since({ id, events }: FollowedRun, last: TrainEvent | undefined): RunProgressed {
    // A run that goes on from a checkpoint forgets what came after it, and a long one drops events.
    const at = last ? events.lastIndexOf(last) : -1;
    told.set(id, events.at(-1));
    return { run: id, isWhole: at < 0, ...runCurves(events.slice(at + 1)) };
  }

  return {
    follow: run => since(run, undefined),
    changed(run) {
      if (!told.has(run.id)) return;
      const last = told.get(run.id);
      if (run.events.at(-1) !== last) tell(since(run, last));
    },
  };
}
