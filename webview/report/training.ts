import type { ReportCurve } from '../../src/protocol/report.ts';
import { bytes, count, magnitude, significant } from '../../src/text/numbers.ts';
import { type Chart, createChart } from '../components/chart.ts';
import { element } from '../components/dom.ts';
import { dataTable } from '../components/table.ts';
import { joinCurves } from './joinCurves.ts';
import { type ReportPage, type Section, savePngButton } from './page.ts';

/** What was trained, and the loss curves; with the validation losses of the other reports where some are compared. */
export function trainingSection(page: ReportPage): { section: Section; charts: Chart[] } | undefined {
  const { report } = page.shown;
  const drawn = report.curves.filter(({ train, validation }) => train.length + validation.length > 0);
  if (report.experts.length + drawn.length === 0) return undefined;
  const charts = drawn.map(curve => lossChart(page, curve, spansDecades(drawn)));
  return {
    charts: charts.map(({ chart }) => chart),
    section: {
      id: 'training',
      heading: 'Training',
      content: [
        charts.length > 0 &&
          element(
            'div',
            { class: 'multiples' },
            charts.map(({ framed }) => framed),
          ),
        report.experts.length > 0 && expertTable(page),
      ],
    },
  };
}

function lossChart(page: ReportPage, curve: ReportCurve, logarithmic: boolean) {
  const others = page.reports
    .filter(other => other !== page.shown)
    .flatMap(({ label, report }) => {
      const same = report.curves.find(({ expert, validation }) => expert === curve.expert && validation.length > 0);
      return same ? [{ name: `validation, ${label}`, points: same.validation }] : [];
    });
  const chart = createChart({
    title: `Loss of ${curve.expert}`,
    xTitle: 'step',
    yTitle: logarithmic ? 'loss (logarithmic)' : 'loss',
    logarithmic,
    format: significant,
    lines: [
      { name: 'training', faint: true },
      { name: 'validation', points: true },
      ...others.map(({ name }) => ({ name, points: true, dashed: true })),
    ],
  });
  chart.setData(joinCurves([curve.train, curve.validation, ...others.map(({ points }) => points)]));
  const title = `Loss of ${curve.expert}`;
  const framed = element(
    'div',
    { class: 'chart-frame' },
    chart.element,
    savePngButton(title, () => page.savePng(title, chart.png())),
  );
  return { chart, framed };
}

/** One kind of axis for all, so that they can be compared: logarithmic when the losses span a factor of 8 or more. */
function spansDecades(curves: readonly ReportCurve[]): boolean {
  const losses = curves.flatMap(({ train, validation }) => [...train, ...validation].map(({ loss }) => loss));
  const known = losses.filter(Number.isFinite);
  const [low, high] = known.reduce(([a, b], loss) => [Math.min(a, loss), Math.max(b, loss)], [Infinity, 0]);
  return low > 0 && high / low >= 8;
}

function expertTable({ shown }: ReportPage): HTMLElement {
  return dataTable(
    'Experts',
    [
      { head: 'expert' },
      ...['rank', 'alpha', 'scaling'].map(head => ({ head, numeric: true })),
      { head: 'targets' },
      ...['parameters', 'size', 'examples', 'steps', 'tokens', 'best validation loss'].map(head => ({
        head,
        numeric: true,
      })),
    ],
    shown.report.experts.map(expert => [
      expert.domain && expert.domain !== expert.name ? `${expert.name} (${expert.domain})` : expert.name,
      count(expert.rank),
      significant(expert.alpha),
      significant(expert.scaling),
      expert.targets.map(target => target.replace(/_proj$/, '')).join(' '),
      magnitude(expert.parameters),
      bytes(expert.bytes),
      count(expert.trainExamples),
      count(expert.steps),
      magnitude(expert.tokens),
      significant(expert.bestValidationLoss ?? Number.NaN),
    ]),
  );
}
