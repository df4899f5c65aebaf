import './chart.css';
import uPlot from 'uplot';
import { element, freshId, replaceContent, svg } from './dom.ts';
import { canvasPng } from './png.ts';
import { dataTable } from './table.ts';
import { onThemeChange, themeColours } from './theme.ts';

export interface ChartLine {
  name: string;
  /** Tells it apart where colours do not. */
  dashed?: boolean;
  /** In the colour of secondary text: what others are seen against. */
  faint?: boolean;
  /** Which of the theme's colours; that of its place without it. */
  colour?: number;
  /** Every point is marked: for lines of few. */
  points?: boolean;
}

export interface ChartOptions {
  title: string;
  xTitle: string;
  yTitle: string;
  lines: readonly ChartLine[];
  /** How values are written. */
  format(value: number): string;
  logarithmic?: boolean;
  /** CSS pixels. */
  height?: number;
}

/** Points by x, ascending; one list per line, null where a line has no point. */
export interface ChartData {
  x: readonly number[];
  y: readonly (readonly (number | null)[])[];
}

/** A chart of lines over time or steps. It draws ten thousand points in some milliseconds. */
export interface Chart {
  element: HTMLElement;
  setData(data: ChartData): void;
  /** The drawing as it is now, with its title and keys, as base64 of a PNG. */
  png(): string;
  dispose(): void;
}

/**
 * The one place that knows uPlot. Colours are the theme's; arrow keys move along the line that the pointer would; a
 * sentence says for each line where it starts, ends and is lowest, and a table has a part of its numbers.
 */
export function createChart(options: ChartOptions): Chart {
  const { title, lines, height = 220 } = options;
  const captionId = freshId('chart');
  const describedId = freshId('chart');
  const keys = lines.map((line, i) => key(line, i, () => toggle(i)));
  const place = element('div', {
    class: 'chart-canvas',
    role: 'img',
    tabindex: 0,
    'aria-labelledby': captionId,
    'aria-describedby': describedId,
    onkeydown: event => moveCursor(event),
  });
  const described = element('p', { class: 'hidden', id: describedId });
  const table = element('div', {});
  const details = element('details', { ontoggle: () => fillTable() }, element('summary', {}, 'Numbers'), table);
  const figure = element(
    'figure',
    { class: 'chart' },
    element('figcaption', {}, element('strong', { id: captionId }, title), ...keys.map(k => k.button)),
    place,
    described,
    details,
  );
  let data: ChartData = { x: [], y: lines.map(() => []) };
  const shown = lines.map(() => true);
  let plot = draw();

  function draw(): uPlot {
    for (const [i, { mark }] of keys.entries()) mark.setAttribute('stroke', colourOf(lines[i]!, i));
    return new uPlot(plotOptions(options, shown, { width: width(), height }, showValues), aligned(data), place);
  }

  /** Before the page has laid it out there is none. */
  function width(): number {
    return Math.max(120, place.clientWidth || 480);
  }

  function toggle(i: number): void {
    shown[i] = !shown[i];
    keys[i]!.button.setAttribute('aria-pressed', String(shown[i]));
    plot.setSeries(i + 1, { show: shown[i] });
  }

  function showValues(index: number | null | undefined): void {
    for (const [i, { value }] of keys.entries()) {
      const y = index === null || index === undefined ? undefined : data.y[i]?.[index];
      value.textContent = y === null || y === undefined ? '' : options.format(y);
    }
  }

  function moveCursor(event: KeyboardEvent): void {
    const by = { ArrowLeft: -1, ArrowRight: 1, PageUp: -50, PageDown: 50, Home: -Infinity, End: Infinity }[event.key];
    if (by === undefined || data.x.length === 0) return;
    event.preventDefault();
    const at = Math.min(data.x.length - 1, Math.max(0, (plot.cursor.idx ?? 0) + by));
    plot.setCursor({ left: plot.valToPos(data.x[at]!, 'x'), top: 0 });
  }

  function fillTable(): void {
    if (details.open) replaceContent(table, chartTable(options, data));
  }

  const resizing = new ResizeObserver(() => plot.setSize({ width: width(), height }));
  resizing.observe(place);
  const stopTheme = onThemeChange(() => {
    plot.destroy();
    plot = draw();
  });
  return {
    element: figure,
    png() {
      const keyed = lines.map(({ name }, i) => ({ name, colour: colourOf(lines[i]!, i) })).filter((_, i) => shown[i]);
      return canvasPng(plot.ctx.canvas, { title, keys: keyed });
    },
    setData(next) {
      data = next;
      plot.setData(aligned(data));
      described.textContent = chartSentences(options, data);
      fillTable();
    },
    dispose() {
      stopTheme();
      resizing.disconnect();
      plot.destroy();
    },
  };
}

function plotOptions(
  { lines, xTitle, yTitle, format, logarithmic }: ChartOptions,
  shown: readonly boolean[],
  size: { width: number; height: number },
  onCursor: (index: number | null | undefined) => void,
): uPlot.Options {
  const { muted, line, font } = themeColours();
  const axis: uPlot.Axis = {
    stroke: muted,
    font,
    labelFont: font,
    labelSize: 18,
    grid: { stroke: line, width: 1 },
    ticks: { stroke: line, width: 1, size: 4 },
  };
  return {
    ...size,
    padding: [8, 20, 0, 0],
    legend: { show: false },
    cursor: { drag: { x: true, y: false }, points: { size: 6 } },
    // Every line's keys show its value below the pointer.
    hooks: { setCursor: [({ cursor }) => onCursor(cursor.idx)] },
    scales: {
      x: { time: false },
      y: logarithmic ? { distr: 3, range: (_, low, high) => aroundDecades(low, high) } : {},
    },
    axes: [
      { ...axis, label: xTitle, size: 28 },
      { ...axis, label: yTitle, size: 52, values: (_, ticks) => ticks.map(v => (v === null ? '' : format(v))) },
    ],
    series: [
      {},
      ...lines.map((l, i) => ({
        label: l.name,
        show: shown[i],
        stroke: colourOf(l, i),
        width: l.faint ? 1 : 1.5,
        ...(l.dashed && { dash: [5, 4] }),
        points: { show: l.points === true, size: 5 },
        spanGaps: true,
      })),
    ],
  };
}

/** The nearest 1, 2 or 5 of a decade below and above: uPlot's own are whole decades, which leave half a chart empty. */
function aroundDecades(low: number, high: number): [number, number] {
  // Without points uPlot asks with nothing.
  if (!(low > 0)) return [0.1, 10];
  const marks = [0, 1].flatMap(over =>
    [low, high].flatMap(value => [1, 2, 5].map(mark => mark * 10 ** (Math.floor(Math.log10(value)) + over))),
  );
  const [below, above] = [marks.filter(mark => mark <= low), marks.filter(mark => mark >= high)];
  return [Math.max(...below), Math.min(...above)];
}

function colourOf({ faint, colour }: ChartLine, index: number): string {
  const colours = themeColours();
  return faint ? colours.muted : colours.series(colour ?? index);
}

function aligned({ x, y }: ChartData): uPlot.AlignedData {
  return [x, ...y] as unknown as uPlot.AlignedData;
}

function key(line: ChartLine, index: number, onToggle: () => void) {
  const mark = svg('path', {
    d: 'M0 5H16',
    'stroke-width': 2,
    stroke: colourOf(line, index),
    ...(line.dashed && { 'stroke-dasharray': '4 3' }),
  });
  const value = element('output', { 'aria-live': 'polite' });
  const button = element(
    'button',
    {
      class: 'chart-key',
      type: 'button',
      'aria-pressed': 'true',
      title: `Show or hide ${line.name}`,
      onclick: onToggle,
    },
    svg('svg', { width: 16, height: 10, 'aria-hidden': 'true' }, mark),
    line.name,
    value,
  );
  return { button, mark, value };
}

/** What one who does not see the picture needs from its lines, a sentence each. */
function chartSentences(options: ChartOptions, data: ChartData): string {
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
function chartTable({ title, lines, xTitle, format }: ChartOptions, { x, y }: ChartData): HTMLElement {
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
