import type { ChartData, ChartLine, ChartOptions } from './chartData.ts';
import { dataTable } from './table.ts';

/** What one who does not see the picture needs from its lines, a sentence each. */
export function chartSentences(options: ChartOptions, data: ChartData): string {
  return options.lines.map((line, i) => sentence(line, data, i, options)).join(' ');
}

function sentence({ name }: ChartLine, { x, y }: ChartData, line: number, { xTitle, format }: ChartOptions): string {
  const known = x.flatMap((at, i) => {
    const value = y[line]?.[i];
    return value === null || value === undefined || !Number.isFinite(value) ? [] : [{ at, value }];
  });
  if (known.length === 0) return `${name}: no points yet.`;
  const lowest = known.reduce((a, b) => (b.value < a.value ? b : a));
  const [first, last] = [known[0]!, known.at(-1)!];
  return `${name}: from ${format(first.value)} at ${xTitle} ${first.at} to ${format(last.value)} at ${xTitle} ${last.at}, lowest ${format(lowest.value)} at ${xTitle} ${lowest.at}.`;
}

/** Rows of a table beyond these say no more. */
const mostRows = 50;

/** The numbers of a chart, evenly thinned, the last among them. */
export function chartTable({ title, lines, xTitle, format }: ChartOptions, { x, y }: ChartData): HTMLElement {
  const every = Math.max(1, Math.ceil(x.length / mostRows));
  const shown = [...x.keys()].filter(i => i % every === 0 || i === x.length - 1);
  const columns = [xTitle, ...lines.map(line => line.name)].map(head => ({ head, numeric: true }));
  const text = (value: number | null | undefined) => (value === null || value === undefined ? '' : format(value));
  return dataTable(
    `Numbers of ${title}`,
    columns,
    shown.map(i => [x[i]!, ...lines.map((_, line) => text(y[line]?.[i]))]),
  );
}
