import type { Report, ReportForgetting } from '../protocol/report.ts';
import { listing, percent, points } from '../text/numbers.ts';
import { html, type Markup } from './html.ts';
import { share } from './scoreGrid.ts';
import { coordinate, linePath, picture } from './svg.ts';

const size = { width: 210, height: 182 };
const area = { left: 30, right: 206, top: 38, bottom: 144 };

/** Accuracy on one set over the stages of the sequential adapter, against the set's own expert as a dashed line. */
export function sequentialPlot(
  report: Report,
  sequential: NonNullable<ReportForgetting['sequential']>,
  set: string,
  id: string,
): Markup {
  const base = report.scores.find(score => score.kind === 'base' && score.set === set);
  const measured = [
    ...(base ? [{ label: 'base', trained: false, accuracy: share(base) }] : []),
    ...sequential.stages
      .filter(({ total }) => (total[set] ?? 0) > 0)
      .map(({ trainedOn, correct, total }) => ({
        label: trainedOn,
        trained: trainedOn === set,
        accuracy: share({ correct: correct[set] ?? 0, total: total[set]! }),
      })),
  ];
  const own = report.forgetting.experts.find(expert => expert.set === set);
  const step = (area.right - area.left) / Math.max(1, measured.length);
  const x = (i: number) => area.left + step * (i + 0.5);
  const y = (accuracy: number) => area.bottom - accuracy * (area.bottom - area.top);
  const body = html`<text class="title" x="${area.left}" y="12">${set}</text>
${measured.map(({ trained }, i) => (trained ? html`<rect class="band" x="${coordinate(x(i) - step / 2)}" width="${coordinate(step)}" y="${area.top}" height="${area.bottom - area.top}"/>` : undefined))}
<g class="axes">${[0, 0.5, 1].map(
    tick => html`<line x1="${area.left}" x2="${area.right}" y1="${y(tick)}" y2="${y(tick)}"/>
<text x="${area.left - 6}" y="${y(tick)}" dy="0.32em" text-anchor="end">${tick * 100}</text>`,
  )}
${measured.map(({ label }, i) => html`<text x="${coordinate(x(i))}" y="${area.bottom + 16}" text-anchor="middle">${label}</text>`)}
<text x="${(area.left + area.right) / 2}" y="${area.bottom + 32}" text-anchor="middle">after stage</text></g>
${own ? html`<line class="dashed" x1="${area.left}" x2="${area.right}" y1="${coordinate(y(share({ correct: own.after, total: own.total })))}" y2="${coordinate(y(share({ correct: own.after, total: own.total })))}"/>` : undefined}
${linePath(
  measured.map(({ accuracy }, i) => [x(i), y(accuracy)] as const),
  'line accent',
)}
${measured.map(({ accuracy }, i) => valueMark(x(i), y(accuracy), accuracy))}`;
  const described = `Accuracy: ${listing(measured.map(({ label, accuracy }) => `${percent(accuracy)} after ${label}`))}.${
    own ? ` Its own expert in the bank: ${percent(share({ correct: own.after, total: own.total }))}.` : ''
  }`;
  return picture(id, size, `Sequential adapter on ${set}`, described, body);
}

function valueMark(x: number, y: number, accuracy: number): Markup {
  return html`<circle class="dot accent" cx="${coordinate(x)}" cy="${coordinate(y)}" r="3"/><text class="value" x="${coordinate(x)}" y="${coordinate(y - 8)}" text-anchor="middle">${points(accuracy)}</text>
`;
}
