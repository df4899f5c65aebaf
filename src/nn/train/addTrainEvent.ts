import type { TrainEvent } from '../../protocol/trainEvents.ts';

/** More events than these cannot be told apart on a screen. */
export const mostEvents = 2000;

/**
 * Adds an event to those of its run. A run that goes on from a checkpoint takes the steps after it again, so what was
 * told of them is forgotten; where there are too many events, every other step is.
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
