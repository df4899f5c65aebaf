import type { Report, ReportCurve } from '../protocol/report.ts';

export interface LossPoint {
  step: number;
  loss: number;
}

/** The losses of one expert. */
export interface LossCurve {
  expert: string;
  train: LossPoint[];
  validation: LossPoint[];
  /** The last step with a loss, 1 or more. */
  last: number;
  bestValidation: LossPoint | undefined;
}

/** All experts' losses, and one kind of axis for all, so that they can be compared. */
export interface LossCurves {
  curves: LossCurve[];
  /** The smallest and the largest loss; undefined where there is none. */
  range: readonly [low: number, high: number] | undefined;
  /** The losses span a factor of 8 or more. */
  isLogarithmic: boolean;
}

/** What can be drawn of a report's curves: a run that diverged has losses that JSON cannot hold. */
export function lossCurves(report: Report): LossCurves {
  const curves = report.curves
    .map(thinnedCurve)
    .filter(({ train, validation }) => train.length + validation.length > 0)
    .map(({ expert, train, validation }): LossCurve => {
      const known = validation.filter(isFinitePoint);
      return {
        expert,
        train: train.filter(isFinitePoint),
        validation: known,
        last: [...train, ...validation].reduce((last, { step }) => Math.max(last, step), 1),
        bestValidation: known.length > 0 ? known.reduce((a, b) => (b.loss < a.loss ? b : a)) : undefined,
      };
    });
  const losses = curves.flatMap(({ train, validation }) => [...train, ...validation].map(({ loss }) => loss));
  if (losses.length === 0) return { curves, range: undefined, isLogarithmic: false };
  const [low, high] = losses.reduce(([a, b], loss) => [Math.min(a, loss), Math.max(b, loss)], [Infinity, -Infinity]);
  return { curves, range: [low, high], isLogarithmic: low > 0 && high / low >= 8 };
}

/** Points of a curve that are drawn: more than a screen has columns. Our own reports have some hundred. */
const mostPoints = 2000;

/** A curve of which every so many points are left out, where it has more than can be drawn; the last is kept. */
export function thinnedCurve(curve: ReportCurve): ReportCurve {
  return { ...curve, train: thinned(curve.train), validation: thinned(curve.validation) };
}

function thinned<P>(points: P[]): P[] {
  const every = Math.ceil(points.length / mostPoints);
  return every <= 1 ? points : points.filter((_, i) => i % every === 0 || i === points.length - 1);
}

function isFinitePoint({ loss }: LossPoint): boolean {
  return Number.isFinite(loss);
}
