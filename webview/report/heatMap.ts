import { heatColour } from '../../src/report/heatColours.ts';
import { svg } from '../components/dom.ts';
import { drawing, label, type Plot } from '../components/plot.ts';
import { isLight } from '../components/theme.ts';

interface Head {
  text: string;
  sub?: string;
}

export interface HeatCell {
  /** From 0 to 1, its colour; a dash is drawn without it. */
  share?: number;
  text: string;
  sub?: string;
  /** Where a row is expected to be good. */
  own?: boolean;
}

const cellSize = { width: 108, height: 42 };
const gap = 2;
const headHeight = 40;
/** Room for a character of a row's name, in units. */
const characterWidth = 7;

/** Rows of coloured cells. Every cell has its number, so that colour carries nothing alone. */
export function heatMap(
  plot: Omit<Plot, 'width' | 'height'>,
  columns: readonly Head[],
  rows: readonly { head: Head; cells: readonly HeatCell[] }[],
): SVGSVGElement {
  const longest = Math.max(8, ...rows.map(({ head }) => Math.max(head.text.length, (head.sub?.length ?? 0) * 0.9)));
  const left = Math.min(260, longest * characterWidth + 16);
  const x = (column: number) => left + column * (cellSize.width + gap);
  const y = (row: number) => headHeight + row * (cellSize.height + gap);
  return drawing(
    { ...plot, width: x(columns.length), height: y(rows.length) },
    columns.map(({ text, sub }, i) => centred(x(i), headHeight - (sub ? 22 : 10), text, 'strong', sub)),
    rows.map(({ head, cells }, row) => [
      rowHead(head, y(row)),
      cells.map((cell, column) => heatCell(cell, x(column), y(row))),
    ]),
  );
}

function rowHead({ text, sub }: Head, top: number) {
  const middle = top + cellSize.height / 2;
  return [
    label(0, middle + (sub ? -2 : 4), text, { class: 'strong' }),
    sub && label(0, middle + 13, sub, { class: 'muted' }),
  ].filter(part => part !== undefined && part !== '');
}

function heatCell({ share, text, sub, own }: HeatCell, left: number, top: number): SVGGElement {
  if (share === undefined) return svg('g', {}, ...centred(left, top + cellSize.height / 2 + 4, text, 'muted'));
  const { background, ink } = heatColour(isLight() ? 'light' : 'dark', share);
  const { width, height } = cellSize;
  return svg(
    'g',
    { fill: ink },
    svg('rect', { x: left, y: top, width, height, rx: 2, fill: background, class: 'cell' }),
    own &&
      svg('rect', {
        x: left + 3,
        y: top + 3,
        width: width - 6,
        height: height - 6,
        rx: 1,
        fill: 'none',
        stroke: ink,
        'stroke-width': 1.5,
      }),
    ...centred(left, top + height / 2 + (sub ? -1 : 4), text, 'ink strong', sub, 'ink'),
  );
}

function centred(
  left: number,
  y: number,
  text: string,
  style: string,
  sub?: string,
  subStyle = 'muted',
): SVGTextElement[] {
  const middle = left + cellSize.width / 2;
  const main = label(middle, y, text, { class: `middle ${style}` });
  return sub ? [main, label(middle, y + 14, sub, { class: `middle sub ${subStyle}` })] : [main];
}
