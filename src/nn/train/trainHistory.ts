import type { ReportCurve } from '../../protocol/report.ts';
import type { TrainEvent, TrainStepEvent } from '../../protocol/trainEvents.ts';

/*
 * What the events of a training run leave behind: the list of events that a window keeps, and the loss curves that
 * checkpoints, reports, notebooks and the training view are made of.
 */

/** More events than these cannot be told apart on a screen. */
export const mostEvents = 2000;

/**
 * Adds an event to those of its run. A run that resumes from a checkpoint takes the steps after it again, so their first
 * events are forgotten. Where there are too many events, every other step is dropped.
 */
export function addTrainEvent(events: TrainEvent[], event: TrainEvent): void {
  const next = event.type === 'step' ? event.step : event.step + 1;
  // A validation counts its expert's own steps.
  if (event.type !== 'validation') while ((events.at(-1)?.step ?? -1) >= next) events.pop();
  events.push(event);
  if (events.length <= mostEvents) return;
  const left = events.filter((e, i) => e.type !== 'step' || i % 2 === 0);
  events.splice(0, events.length, ...left);
}

/** The curves of a run that has not begun. */
export function emptyCurves(experts: readonly string[]): ReportCurve[] {
  return experts.map(expert => ({ expert, train: [], validation: [] }));
}

/** Adds what an event says to the curves of its experts. A training curve of more than `mostPoints` points loses every other. */
export function addToCurves(curves: ReportCurve[], event: TrainEvent, mostPoints = Number.POSITIVE_INFINITY): void {
  const curveOf = (expert: string): ReportCurve => {
    const known = curves.find(c => c.expert === expert);
    if (known) return known;
    const [fresh] = emptyCurves([expert]) as [ReportCurve];
    curves.push(fresh);
    return fresh;
  };
  if (event.type === 'step')
    for (const [expert, { loss, learningRate }] of Object.entries(event.experts)) {
      const curve = curveOf(expert);
      curve.train.push({ step: event.step, loss, learningRate });
      if (curve.train.length > mostPoints) curve.train = curve.train.filter((_, i) => i % 2 === 1);
    }
  if (event.type === 'validation') curveOf(event.expert).validation.push({ step: event.step, loss: event.loss });
}

/** The curves that these events draw, of experts in the order of their first event. */
export function curvesOf(events: readonly TrainEvent[]): ReportCurve[] {
  const curves: ReportCurve[] = [];
  for (const event of events) addToCurves(curves, event);
  return curves;
}

/** What events say of a run, as the training view shows it. */
export interface RunCurves {
  experts: {
    name: string;
    train: { step: number; loss: number }[];
    validation: { step: number; loss: number }[];
    rates: { step: number; rate: number }[];
  }[];
  last?: Pick<TrainStepEvent, 'step' | 'steps' | 'tokensPerSecond' | 'secondsLeft' | 'residentBytes'>;
  /** The last step that is on disk. */
  checkpoint?: number;
}

/** The points of each expert's curves, the last step and the last checkpoint, from some events of a run. */
export function runCurves(events: readonly TrainEvent[]): RunCurves {
  const experts = curvesOf(events).map(({ expert, train, validation }) => ({
    name: expert,
    train: train.map(({ step, loss }) => ({ step, loss })),
    validation,
    rates: train.map(({ step, learningRate }) => ({ step, rate: learningRate })),
  }));
  const told: Omit<RunCurves, 'experts'> = {};
  for (const event of events)
    if (event.type === 'step') {
      const { step, steps, tokensPerSecond, secondsLeft, residentBytes } = event;
      told.last = { step, steps, tokensPerSecond, secondsLeft, residentBytes };
    } else if (event.type !== 'recompute' && event.type !== 'validation') told.checkpoint = event.step;
  return { experts, ...told };
}
