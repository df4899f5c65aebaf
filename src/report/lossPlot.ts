import type { ReportCurve } from '../protocol/report.ts';
import { count, significant } from '../text/numbers.ts';
import { html, type Markup } from './html.ts';
import { axes, coordinate, linearScale, linePath, logScale, picture, type Scale } from './svg.ts';

const size = { width: 320, height: 220 };
const area = { left: 44, right: 308, top: 34, bottom: 176 };

export interface LossAxis {
  y: Scale;
  logarithmic: boolean;
}

/** One loss axis for all plots, so that they can be compared; logarithmic when the losses span a factor of 8 or more. */
export function lossAxis(curves: readonly ReportCurve[]): LossAxis {
  const losses = curves.flatMap(({ train, validation }) => [...train, ...validation].map(({ loss }) => loss));
  const known = losses.filter(Number.isFinite);
  const [low, high] = known.reduce(([a, b], loss) => [Math.min(a, loss), Math.max(b, loss)], [Infinity, -Infinity]);
  const range = [area.bottom, area.top] as const;
  if (low > 0 && high / low >= 8) return { y: logScale([low, high], range), logarithmic: true };
  return { y: linearScale(known.length > 0 ? [0, high] : [0, 1], range), logarithmic: false };
}

/** Training and validation loss of one expert. */
export function lossPlot({ expert, train, validation }: ReportCurve, { y }: LossAxis, id: string): Markup {
  // A run that diverged has losses that JSON cannot hold.
  const trained = train.filter(({ loss }) => Number.isFinite(loss));
  const validated = validation.filter(({ loss }) => Number.isFinite(loss));
  const last = Math.max(1, ...train.map(({ step }) => step), ...validation.map(({ step }) => step));
  const x = linearScale([0, last], [area.left, area.right], 4);
  const at = ({ step, loss }: { step: number; loss: number }) => [x.at(step), y.at(loss)] as const;
  const best = validated.length > 0 ? validated.reduce((a, b) => (b.loss < a.loss ? b : a)) : undefined;
  const described = [
    trained.length > 0
      ? `Training loss from ${significant(trained[0]!.loss)} to ${significant(trained.at(-1)!.loss)} in ${count(last)} steps.`
      : '',
    best ? `Best validation loss ${significant(best.loss)} at step ${count(best.step)}.` : '',
  ];
  return picture(
    id,
    size,
    `Loss of ${expert}`,
    described.join(' ').trim(),
    html`<text class="title" x="${area.left}" y="12">${expert}</text>
${axes(area, x, y, 'step', 'loss')}
${linePath(trained.map(at), 'line muted')}
${linePath(validated.map(at), 'line accent')}
${best ? bestMark(at(best), best.loss) : undefined}`,
  );
}

function bestMark([x, y]: readonly [number, number], loss: number): Markup {
  return html`<circle class="dot accent" cx="${coordinate(x)}" cy="${coordinate(y)}" r="3.5"/><text class="value" x="${coordinate(x)}" y="${coordinate(y - 9)}" text-anchor="${x > area.right - 24 ? 'end' : 'middle'}">${significant(loss)}</text>`;
}
