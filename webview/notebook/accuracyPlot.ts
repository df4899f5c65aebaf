import type { EvaluateOutput } from '../../src/protocol/notebookOutput.ts';
import { element, svg } from '../components/dom.ts';

/** A system with its score on every set. */
export type Row = EvaluateOutput['rows'][number];

const left = 150;
const right = 640;
const top = 8;
/** SVG units for one set in a row, and between rows. */
const line = 11;
const space = 9;

/** Accuracy of each system with its interval, one colour and one shape per set. */
export function accuracyPlot(sets: EvaluateOutput['sets'], rows: readonly Row[]): HTMLElement {
  const rowHeight = sets.length * line + space;
  const bottom = top + rows.length * rowHeight;
  const x = (share: number) => left + share * (right - left);
  const ticks = [0, 0.25, 0.5, 0.75, 1].map(share =>
    svg(
      'g',
      {},
      svg('line', { x1: x(share), x2: x(share), y1: top, y2: bottom }),
      svg('text', { x: x(share), y: bottom + 15, 'text-anchor': 'middle' }, share * 100),
    ),
  );
  const marks = rows.map(({ system, cells }, r) => {
    const y0 = top + r * rowHeight;
    return svg(
      'g',
      {},
      svg('text', { x: left - 10, y: y0 + rowHeight / 2, dy: '0.32em', 'text-anchor': 'end' }, short(system)),
      cells.map((cell, i) => cell !== null && mark(cell, i, y0 + space / 2 + (i + 0.5) * line, x)),
    );
  });
  const drawing = svg(
    'svg',
    { viewBox: `0 0 ${right + 14} ${bottom + 20}`, role: 'img', 'aria-label': 'Accuracy; the table has the numbers' },
    svg('g', { class: 'lora-grid' }, ticks),
    marks,
  );
  const keys = sets.map(({ name }, i) => element('li', { class: `lora-series-${i % 5}` }, key(i), name));
  return element('figure', { class: 'lora-plot' }, element('ul', { class: 'lora-keys' }, keys), drawing);
}

function mark(
  { correct, total, low, high }: NonNullable<Row['cells'][number]>,
  set: number,
  y: number,
  x: (share: number) => number,
): SVGElement {
  const at = x(total === 0 ? 0 : correct / total);
  return svg(
    'g',
    { class: `lora-series-${set % 5}` },
    svg('line', { x1: x(low), x2: x(high), y1: y, y2: y }),
    svg('path', { d: shape(set, at, y) }),
  );
}

function key(set: number): SVGElement {
  return svg('svg', { viewBox: '0 0 10 10', 'aria-hidden': 'true' }, svg('path', { d: shape(set, 5, 5) }));
}

/** A dot, a square, a diamond, a triangle: told apart without colour. */
function shape(set: number, x: number, y: number): string {
  const shapes = [
    `M${x - 4} ${y}a4 4 0 1 0 8 0a4 4 0 1 0 -8 0`,
    `M${x - 3.5} ${y - 3.5}h7v7h-7z`,
    `M${x} ${y - 5}l5 5l-5 5l-5 -5z`,
    `M${x} ${y - 4.5}l4.5 8h-9z`,
  ];
  return shapes[set % shapes.length]!;
}

function short(name: string): string {
  return name.length > 22 ? `${name.slice(0, 21)}…` : name;
}
