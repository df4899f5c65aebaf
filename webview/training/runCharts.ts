import { significant } from '../../src/text/numbers.ts';
import { type Chart, type ChartLine, createChart } from '../components/chart.ts';
import { element, replaceContent } from '../components/dom.ts';
import { joinCurves } from '../components/joinCurves.ts';
import { type KnownCurves, rateLines } from './curves.ts';

/** A run that is drawn; the first one is the one that is looked at. */
export interface DrawnRun {
  label: string;
  curves: KnownCurves;
}

export interface RunCharts {
  element: HTMLElement;
  show(runs: readonly DrawnRun[]): void;
}

/** The losses of each expert, and the learning rate; runs that are compared lie over one another, each in its colour. */
export function runCharts(): RunCharts {
  const place = element('div', { class: 'charts' });
  let charts: { chart: Chart; expert: string | undefined }[] = [];
  let shape = '';
  let waiting: readonly DrawnRun[] | undefined;

  function show(runs: readonly DrawnRun[]): void {
    // Drawn once a frame, however often there is news.
    if (!waiting)
      requestAnimationFrame(() => {
        const shown = waiting!;
        waiting = undefined;
        draw(shown);
      });
    waiting = runs;
  }

  function draw(runs: readonly DrawnRun[]): void {
    const experts = [...(runs[0]?.curves.experts.keys() ?? [])];
    const next = JSON.stringify([...experts.map(expert => linesOf(runs, expert)), ratesOf(runs).lines]);
    if (next !== shape) build(runs, experts);
    shape = next;
    for (const { chart, expert } of charts)
      chart.setData(expert === undefined ? joinCurves(ratesOf(runs).points) : lossesOf(runs, expert));
  }

  function build(runs: readonly DrawnRun[], experts: readonly string[]): void {
    for (const { chart } of charts) chart.dispose();
    const losses = experts.map(expert => ({
      expert,
      chart: createChart({
        title: `Loss of ${expert}`,
        xTitle: 'step',
        yTitle: 'loss',
        format: significant,
        lines: linesOf(runs, expert),
        height: 240,
      }),
    }));
    const rates = createChart({
      title: 'Learning rate',
      xTitle: 'step',
      yTitle: 'rate',
      format: significant,
      lines: ratesOf(runs).lines,
      height: 140,
    });
    charts = experts.length > 0 ? [...losses, { expert: undefined, chart: rates }] : [];
    replaceContent(
      place,
      charts.map(({ chart }) => chart.element),
    );
  }

  return { element: place, show };
}

/** Colours tell runs apart, dashes a validation from a training. */
function linesOf(runs: readonly DrawnRun[], expert: string): ChartLine[] {
  const several = runs.length > 1;
  return runs.flatMap(({ label, curves }, colour): ChartLine[] => {
    const own = curves.experts.get(expert);
    if (!own) return [];
    const named = (what: string) => (several ? `${what}, ${label}` : what);
    return [
      { name: named('training'), colour },
      ...(own.validation.length > 0
        ? [{ name: named('validation'), points: true, dashed: true, colour: several ? colour : colour + 1 }]
        : []),
    ];
  });
}

function lossesOf(runs: readonly DrawnRun[], expert: string) {
  return joinCurves(
    runs.flatMap(({ curves }) => {
      const own = curves.experts.get(expert);
      if (!own) return [];
      return own.validation.length > 0 ? [own.train, own.validation] : [own.train];
    }),
  );
}

/** The rates of all runs; the schedules of a run that differ are told apart by dashes where its colour is the same. */
function ratesOf(runs: readonly DrawnRun[]): { lines: ChartLine[]; points: { step: number; loss: number }[][] } {
  const several = runs.length > 1;
  const all = runs.flatMap(({ label, curves }, run) =>
    rateLines(curves.experts.values()).map(({ name, points }, i) => ({
      line: several ? { name: `${name}, ${label}`, colour: run, dashed: i > 0 } : { name, colour: i },
      points,
    })),
  );
  return { lines: all.map(({ line }) => line), points: all.map(({ points }) => points) };
}
