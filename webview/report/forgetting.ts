import type { ShownReport } from '../../src/protocol/views/report.ts';
import { count, listing, percent, points, signedCount } from '../../src/text/numbers.ts';
import { element, svg } from '../components/dom.ts';
import { type Area, drawing, label, shareAxis, tenth } from '../components/plot.ts';
import { dataTable } from '../components/table.ts';
import { lead, note, type ReportPage, type Section, savableDrawing } from './page.ts';

type Sequential = NonNullable<ShownReport['report']['forgetting']['sequential']>;

/** The bank of adapters, and beside it one adapter trained on one domain after the other. */
export function forgettingSection(page: ReportPage): Section {
  const { report, forgetting } = page.shown;
  const { experts, gateZeroBitEqual, gateZeroDifference, probeTokens, sequential } = report.forgetting;
  const tokens = `${count(probeTokens)} probe tokens`;
  const logits = gateZeroBitEqual
    ? `With all gates at zero the base's logits are the same bit for bit as before training (${tokens}).`
    : `With all gates at zero the base's logits differ by up to ${gateZeroDifference} (${tokens}).`;
  const hash = `The hash of its weights is ${forgetting.hashUnchanged ? 'unchanged' : 'not the one it had'}.`;
  const bank = dataTable(
    'Right answers of each expert, trained alone and with all others trained and loaded',
    [
      { head: 'expert' },
      { head: 'set' },
      ...['alone', 'with all', 'of', 'change'].map(head => ({ head, numeric: true })),
    ],
    experts.map(e => [
      e.expert,
      e.set,
      count(e.before),
      count(e.after),
      count(e.total),
      signedCount(e.after - e.before),
    ]),
  );
  return {
    id: 'forgetting',
    heading: 'Forgetting',
    content: [
      lead(forgetting.nothingForgotten ? 'Nothing was forgotten. ' : '', logits, ' ', hash),
      element(
        'div',
        { class: 'columns' },
        element('div', {}, element('h3', {}, 'One adapter per expert'), experts.length > 0 && bank),
        sequential && sequentialPart(page, sequential),
      ),
    ],
  };
}

function sequentialPart(page: ReportPage, sequential: Sequential): HTMLElement {
  const title = 'One adapter for all, trained in sequence';
  return element(
    'div',
    {},
    savableDrawing(page, title, sequentialPlot(page.shown, sequential, title), stagesTable(sequential)),
    note(
      page.shown.forgetting.sequential,
      ' Dashed: the set’s own expert in the bank. Shaded: the stage that trains the set.',
    ),
  );
}

function stagesTable({ order, stages, forgotten }: Sequential): HTMLElement {
  const share = (stage: Sequential['stages'][number], set: string) =>
    stage.total[set] ? points((stage.correct[set] ?? 0) / stage.total[set]) : '–';
  return dataTable(
    'Accuracy of the sequential adapter after each stage, per cent',
    [{ head: 'trained on' }, ...order.map(head => ({ head, numeric: true }))],
    [
      ...stages.map(stage => [stage.trainedOn, ...order.map(set => share(stage, set))]),
      ['forgotten', ...order.map(set => points(forgotten[set] ?? 0))],
    ],
  );
}

const panel = { width: 190, height: 180 };

/** One panel per set: its accuracy over the stages, against its own expert. */
function sequentialPlot({ report, rows }: ShownReport, sequential: Sequential, title: string): SVGSVGElement {
  const panels = sequential.order.map((set, i) => {
    const column = report.sets.findIndex(({ name }) => name === set);
    const base = rows.find(({ kind }) => kind === 'base')?.cells[column]?.accuracy;
    const own = report.forgetting.experts.find(expert => expert.set === set);
    const measured = [
      ...(base ? [{ stage: 'base', trained: false, accuracy: base.accuracy }] : []),
      ...sequential.stages.flatMap(({ trainedOn, correct, total }) =>
        total[set]
          ? [{ stage: trainedOn, trained: trainedOn === set, accuracy: (correct[set] ?? 0) / total[set] }]
          : [],
      ),
    ];
    return { set, measured, own: own && own.after / own.total, left: i * panel.width };
  });
  const spoken = panels.map(({ set, measured, own }) => {
    const steps = measured.map(({ stage, accuracy }) => `${percent(accuracy)} after ${stage}`);
    return `${set}: ${listing(steps)}${own === undefined ? '' : `; its own expert in the bank ${percent(own)}`}.`;
  });
  return drawing(
    { title, description: spoken.join(' '), width: panels.length * panel.width, height: panel.height },
    panels.map(drawPanel),
  );
}

interface Panel {
  set: string;
  measured: { stage: string; trained: boolean; accuracy: number }[];
  own: number | undefined;
  left: number;
}

function drawPanel({ set, measured, own, left }: Panel): SVGGElement {
  const area: Area = { left: left + 30, right: left + panel.width - 8, top: 34, bottom: panel.height - 36 };
  const step = (area.right - area.left) / Math.max(1, measured.length);
  const x = (i: number) => tenth(area.left + step * (i + 0.5));
  const y = (accuracy: number) => tenth(area.bottom - accuracy * (area.bottom - area.top));
  const bands = measured.flatMap(({ trained }, i) =>
    trained
      ? [svg('rect', { class: 'band', x: x(i) - step / 2, y: area.top, width: step, height: area.bottom - area.top })]
      : [],
  );
  return svg(
    'g',
    {},
    label(area.left, 12, set, { class: 'strong' }),
    bands,
    shareAxis(area, [0, 0.5, 1]),
    own !== undefined && svg('line', { class: 'dashed', x1: area.left, x2: area.right, y1: y(own), y2: y(own) }),
    svg('polyline', { class: 'line', points: measured.map(({ accuracy }, i) => `${x(i)},${y(accuracy)}`).join(' ') }),
    measured.map(({ stage, accuracy }, i) => [
      svg('circle', { class: 'dot', cx: x(i), cy: y(accuracy), r: 3 }),
      label(x(i), y(accuracy) - 8, points(accuracy), { class: 'middle value' }),
      label(x(i), area.bottom + 16, stage, { class: 'middle muted' }),
    ]),
    label((area.left + area.right) / 2, area.bottom + 31, 'after stage', { class: 'middle muted' }),
  );
}
