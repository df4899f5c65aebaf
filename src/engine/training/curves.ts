import type { ReportCurve } from '../../protocol/report.ts';
import type { TrainEvent } from '../../protocol/trainEvents.ts';

/** A curve with more points than this is thinned to half: more cannot be told apart on a screen. */
const maxPoints = 800;

export function emptyCurves(experts: string[]): ReportCurve[] {
  return experts.map(expert => ({ expert, train: [], validation: [] }));
}

/** Adds what an event tells to the curves of its experts. */
export function addToCurves(curves: ReportCurve[], event: TrainEvent): void {
  if (event.type === 'step')
    for (const curve of curves) {
      const now = event.experts[curve.expert];
      if (!now) continue;
      curve.train.push({ step: event.step, loss: now.loss, learningRate: now.learningRate });
      if (curve.train.length > maxPoints) curve.train = curve.train.filter((_, i) => i % 2 === 1);
    }
  if (event.type === 'validation')
    curves.find(c => c.expert === event.expert)?.validation.push({ step: event.step, loss: event.loss });
}
