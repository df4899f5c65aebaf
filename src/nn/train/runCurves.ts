import type { TrainEvent, TrainStepEvent } from '../../protocol/trainEvents.ts';

export interface ExpertCurves {
  name: string;
  train: { step: number; loss: number }[];
  validation: { step: number; loss: number }[];
  rates: { step: number; rate: number }[];
}

/** What events say of a run, in the order of their curves. */
export interface RunCurves {
  experts: ExpertCurves[];
  last?: Pick<TrainStepEvent, 'step' | 'steps' | 'tokensPerSecond' | 'secondsLeft' | 'residentBytes'>;
  /** The last step that is on disk. */
  checkpoint?: number;
}

/** The points of each expert's curves, from some events of a run. */
export function runCurves(events: readonly TrainEvent[]): RunCurves {
  const experts = new Map<string, ExpertCurves>();
  const curves = (name: string) => {
    const known = experts.get(name) ?? { name, train: [], validation: [], rates: [] };
    experts.set(name, known);
    return known;
  };
  const told: Omit<RunCurves, 'experts'> = {};
  for (const event of events) {
    if (event.type === 'step') {
      const { step, steps, tokensPerSecond, secondsLeft, residentBytes } = event;
      told.last = { step, steps, tokensPerSecond, secondsLeft, residentBytes };
      for (const [name, { loss, learningRate }] of Object.entries(event.experts)) {
        curves(name).train.push({ step, loss });
        curves(name).rates.push({ step, rate: learningRate });
      }
    } else if (event.type === 'validation')
      curves(event.expert).validation.push({ step: event.step, loss: event.loss });
    else if (event.type !== 'recompute') told.checkpoint = event.step;
  }
  return { experts: [...experts.values()], ...told };
}
