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
    // Of a run that goes on for long these are more than a call takes arguments.
    for (const point of fresh.train) own.train.push(point);
    for (const point of fresh.validation) own.validation.push(point);
    for (const rate of fresh.rates) own.rates.push(rate);
  }
  if (last) curves.last = last;
  if (checkpoint !== undefined) curves.checkpoint = checkpoint;
  return curves;
}

interface ExpertRates {
  name: string;
  rates: readonly { step: number; rate: number }[];
}

/** Learning rates as lines of a chart; experts with the same schedule share one. */
export function rateLines(
  experts: Iterable<ExpertRates>,
): { name: string; points: { step: number; loss: number }[] }[] {
  const lines = new Map<string, { name: string; points: { step: number; loss: number }[] }>();
  for (const { name, rates } of experts) {
    const key = JSON.stringify(rates);
    const known = lines.get(key);
    const points = rates.map(({ step, rate }) => ({ step, loss: rate }));
    lines.set(key, { name: known ? `${known.name}, ${name}` : name, points });
  }
  return [...lines.values()];
}
