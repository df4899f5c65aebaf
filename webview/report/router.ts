import type { ReportRouter } from '../../src/protocol/report.ts';
import { count, milliseconds, percent, significant } from '../../src/text/numbers.ts';
import { element, svg } from '../components/dom.ts';
import { type Area, drawing, label, shareAxis, tenth } from '../components/plot.ts';
import { dataTable } from '../components/table.ts';
import { heatMap } from './heatMap.ts';
import { lead, note, type ReportPage, type Section, savableDrawing } from './page.ts';

/** Where prompts went, and whether the router's confidence can be believed. */
export function routerSection(page: ReportPage): Section | undefined {
  const { router } = page.shown.report;
  if (!router) return undefined;
  const { kind, accuracy, msPerPrompt, calibrationError } = router;
  return {
    id: 'router',
    heading: 'Router',
    content: [
      lead(
        `The ${kind} router sends ${percent(accuracy)} of the held-out prompts where they belong, in ${milliseconds(msPerPrompt)} each. Its expected calibration error is ${significant(calibrationError)}.`,
      ),
      element(
        'div',
        { class: 'columns' },
        element(
          'div',
          {},
          savableDrawing(page, 'Confusion', confusionMap(router), confusionTable(router)),
          note('Rows: what the prompt is. Columns: where it went. Counts, shaded by their share of the row.'),
        ),
        element(
          'div',
          {},
          savableDrawing(page, 'Calibration', reliabilityDiagram(router), binTable(router)),
          note('A dot on the diagonal is as often right as it is confident; its area is the number of prompts.'),
        ),
      ),
    ],
  };
}

/** Rows with prompts. The last label has no expert: such prompts should be left to the base. */
function confusionRows({ labels, confusion }: ReportRouter) {
  return labels
    .map((name, i) => ({ name: name === 'abstained' ? 'no expert' : name, counts: confusion[i] ?? [], i }))
    .map(row => ({ ...row, total: row.counts.reduce((sum, value) => sum + value, 0) }))
    .filter(({ total }) => total > 0);
}

function confusionMap(router: ReportRouter): SVGSVGElement {
  const rows = confusionRows(router);
  const right = rows.map(({ name, counts, total, i }) => `${name} ${percent((counts[i] ?? 0) / total)}`);
  return heatMap(
    {
      title: 'Confusion matrix of the router',
      description: `Sent where they belong: ${right.join(', ')}. The counts are in the table below.`,
    },
    router.labels.map(text => ({ text })),
    rows.map(({ name, counts, total, i }) => ({
      head: { text: name },
      cells: router.labels.map((_, j) => ({
        share: (counts[j] ?? 0) / total,
        text: count(counts[j] ?? 0),
        own: i === j,
      })),
    })),
  );
}

function confusionTable(router: ReportRouter): HTMLElement {
  return dataTable(
    'Prompts by what they are and where they went',
    [{ head: 'prompt' }, ...router.labels.map(head => ({ head, numeric: true })), { head: 'right', numeric: true }],
    confusionRows(router).map(({ name, counts, total, i }) => [
      name,
      ...router.labels.map((_, j) => count(counts[j] ?? 0)),
      percent((counts[i] ?? 0) / total),
    ]),
  );
}

const size = { width: 340, height: 264 };
const area: Area = { left: 40, right: 326, top: 22, bottom: 222 };

function reliabilityDiagram({ bins, calibrationError }: ReportRouter): SVGSVGElement {
  const x = (share: number) => tenth(area.left + share * (area.right - area.left));
  const y = (share: number) => tenth(area.bottom - share * (area.bottom - area.top));
  const filled = bins.filter(bin => bin.count > 0);
  const most = Math.max(1, ...filled.map(bin => bin.count));
  return drawing(
    {
      ...size,
      title: 'Reliability diagram of the router',
      description: `Share of right routes against confidence in ${filled.length} bins; expected calibration error ${significant(calibrationError)}. The numbers are in the table below.`,
    },
    label(0, 10, 'right %', { class: 'muted' }),
    shareAxis(area),
    [0, 0.25, 0.5, 0.75, 1].map(tick => label(x(tick), area.bottom + 17, tick * 100, { class: 'muted middle' })),
    label((area.left + area.right) / 2, area.bottom + 34, 'confidence %', { class: 'muted middle' }),
    svg('line', { class: 'dashed', x1: x(0), y1: y(0), x2: x(1), y2: y(1) }),
    filled.map(bin => [
      svg('line', {
        class: 'line',
        x1: x(bin.confidence),
        x2: x(bin.confidence),
        y1: y(bin.confidence),
        y2: y(bin.accuracy),
      }),
      svg('circle', {
        class: 'dot see-through',
        cx: x(bin.confidence),
        cy: y(bin.accuracy),
        r: tenth(Math.max(2.5, 11 * Math.sqrt(bin.count / most))),
      }),
    ]),
    label(area.right - 4, area.bottom - 10, `ECE ${significant(calibrationError)}`, { class: 'end strong' }),
  );
}

function binTable({ bins }: ReportRouter): HTMLElement {
  return dataTable(
    'Prompts by confidence',
    ['confidence', 'right', 'prompts'].map(head => ({ head, numeric: true })),
    bins.filter(bin => bin.count > 0).map(bin => [percent(bin.confidence), percent(bin.accuracy), count(bin.count)]),
  );
}
