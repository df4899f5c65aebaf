import type { RunProgressed } from '../../src/protocol/views/training.ts';

type ExpertCurves = RunProgressed['experts'][number];

/** What is known of a run's curves. */
export interface KnownCurves {
  experts: Map<string, ExpertCurves>;
  last?: RunProgressed['last'];
  checkpoint?: number;
}

/** The curves with what has come since, or anew where the run tells all of it. */
export function addProgress(
  known: KnownCurves | undefined,
  { isWhole, experts, last, checkpoint }: RunProgressed,
): KnownCurves {
  const curves: KnownCurves = !known || isWhole ? { experts: new Map() } : known;
  for (const fresh of experts) {
    const own = curves.experts.get(fresh.name);
    if (!own) {
      curves.experts.set(fresh.name, fresh);
      continue;
    }
    own.train.push(...fresh.train);
    own.validation.push(...fresh.validation);
    own.rates.push(...fresh.rates);
  }
  if (last) curves.last = last;
  if (checkpoint !== undefined) curves.checkpoint = checkpoint;
  return curves;
}
