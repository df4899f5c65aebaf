import type { AtScale } from './rows/scale.ts';
import { number } from './table.ts';

interface Line {
  name: string;
  value(at: AtScale): number;
  color: string;
}

interface Panel {
  title: string;
  lines: Line[];
  /** Of the values, by which they are placed: tens or equal steps. */
  isLog: boolean;
  range: [number, number];
  ticks: number[];
}

const colors = ['#3b7dd8', '#d0632b', '#3a9a5b', '#9a5bb5'];

const panels: Panel[] = [
  {
    title: 'milliseconds',
    isLog: true,
    range: [0.01, 1000],
    ticks: [0.01, 0.1, 1, 10, 100, 1000],
    lines: [
      { name: 'change of expert', value: at => at.switchMs, color: colors[0]! },
      { name: 'router, a prompt', value: at => at.routeMs, color: colors[1]! },
      { name: 'answer, expert loaded', value: at => at.againMs, color: colors[2]! },
      { name: 'answer, expert to load', value: at => at.loadMs, color: colors[3]! },
    ],
  },
  {
    title: 'MB in memory',
    isLog: false,
    range: [0, 1000],
    ticks: [0, 250, 500, 750, 1000],
    lines: [
      { name: 'all loaded', value: at => at.allMb, color: colors[1]! },
      { name: 'bank of 50 MB', value: at => at.fullMb, color: colors[0]! },
    ],
  },
  {
    title: 'routed right, %',
    isLog: false,
    range: [0, 100],
    ticks: [0, 25, 50, 75, 100],
    lines: [
      { name: 'most weight', value: at => 100 * at.most, color: colors[0]! },
      { name: 'all weight', value: at => 100 * at.alone, color: colors[1]! },
    ],
  },
];

const [width, height, left, top, gap] = [190, 150, 48, 34, 68];

/** What grows with the number of experts and what does not, as an SVG for light and dark pages. */
export function scalePlot(found: readonly AtScale[]): string {
  const drawn = panels.map((panel, i) => draw(panel, found, left + i * (width + gap)));
  const [w, h] = [left + panels.length * (width + gap) - gap + 16, top + height + 36 + 4 * 16];
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${w} ${h}" width="${w}" height="${h}" font-family="system-ui, sans-serif" font-size="11">
<style>text { fill: #333 } .axis { stroke: #8888; fill: none } @media (prefers-color-scheme: dark) { text { fill: #ccc } }</style>
${drawn.join('\n')}
</svg>
`;
}

function draw({ title, lines, isLog, range, ticks }: Panel, found: readonly AtScale[], x: number): string {
  const share = (value: number, [from, to]: [number, number], log: boolean) =>
    log ? Math.log(value / from) / Math.log(to / from) : (value - from) / (to - from);
  const y = (value: number) => round(top + height * (1 - Math.min(1, Math.max(0, share(value, range, isLog)))));
  const counts: [number, number] = [found[0]!.experts, found.at(-1)!.experts];
  const across = (at: AtScale) => round(x + width * share(at.experts, counts, true));
  const parts = [`<text x="${x}" y="${top - 14}" font-weight="600">${title}</text>`];
  for (const tick of ticks)
    parts.push(
      `<path class="axis" d="M${x} ${y(tick)}h${width}"/><text x="${x - 6}" y="${y(tick) + 4}" text-anchor="end">${tick.toLocaleString('en-US')}</text>`,
    );
  for (const at of found)
    parts.push(
      `<text x="${across(at)}" y="${top + height + 16}" text-anchor="middle">${at.experts.toLocaleString('en-US')}</text>`,
    );
  for (const [i, { name, value, color }] of lines.entries()) {
    const points = found.map(at => `${across(at)},${y(value(at))}`);
    const marks = found.map(at => `<circle cx="${across(at)}" cy="${y(value(at))}" r="3" fill="${color}"/>`);
    const place = top + height + 36 + 16 * i;
    parts.push(
      `<polyline points="${points.join(' ')}" stroke="${color}" fill="none" stroke-width="2"/>${marks.join('')}`,
      `<circle cx="${x + 4}" cy="${place - 4}" r="4" fill="${color}"/><text x="${x + 14}" y="${place}">${name}: ${found.map(at => number(value(at))).join(', ')}</text>`,
    );
  }
  return parts.join('\n');
}

const round = (value: number) => Math.round(10 * value) / 10;
