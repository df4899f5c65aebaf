import type { ShownCell, ShownReport, ShownRow } from '../../src/protocol/views/report.ts';
import { interval, percent, points, signedPoints } from '../../src/text/numbers.ts';
import type { Child } from '../components/dom.ts';
import { dataTable } from '../components/table.ts';
import { type HeatCell, heatMap } from './heatMap.ts';
import { lead, note, type ReportPage, type Section, savableDrawing } from './page.ts';

const scorers = { exact: 'exact match', final: 'final answer', code: 'code is run' };

/** Every system on every set. */
export function accuracySection(page: ReportPage): Section | undefined {
  const { report, rows } = page.shown;
  if (rows.length === 0 || report.sets.length === 0) return undefined;
  const all = report.sets.length > 1;
  const columns = [
    ...report.sets.map(set => ({ text: set.name, sub: `${set.examples} · ${scorers[set.scorer]}` })),
    ...(all ? [{ text: 'all sets' }] : []),
  ];
  const cells = (row: ShownRow): HeatCell[] => [
    ...row.cells.map((cell, i) => heatCell(cell, row.kind === 'expert' && report.sets[i]!.expert === row.system)),
    ...(all ? [heatCell(row.overall, false)] : []),
  ];
  const title = 'Accuracy of every system on every set';
  const description = `Per cent right on held-out questions. ${bestSentence(page.shown)} The numbers are in the table below.`;
  const picture = heatMap(
    { title, description },
    columns,
    rows.map(row => ({
      head: { text: row.system, sub: row.kind === row.system ? undefined : row.kind },
      cells: cells(row),
    })),
  );
  return {
    id: 'accuracy',
    heading: 'Accuracy',
    content: [
      lead(bestSentence(page.shown)),
      note(
        'Per cent right on held-out questions with the 95 % interval; an outline marks an expert on its own domain.',
      ),
      savableDrawing(page, title, picture, accuracyTable(page.shown)),
    ],
  };
}

/** From the base to each domain's expert. */
function bestSentence({ report, rows }: ShownReport): string {
  const found = report.sets.flatMap((set, i) => {
    const of = (kind: ShownRow['kind'], system: string) =>
      rows.find(row => row.kind === kind && row.system === system)?.cells[i]?.accuracy;
    const [base, own] = [of('base', 'base'), of('expert', set.expert)];
    if (!own) return [];
    return [`${set.name} ${base ? `${percent(base.accuracy)} → ` : ''}${percent(own.accuracy)}`];
  });
  return found.length > 0 ? `From the base to each domain's expert: ${found.join(', ')}.` : '';
}

function heatCell({ accuracy, change }: ShownCell, own: boolean): HeatCell {
  if (!accuracy) return { text: '–' };
  const sub = change ? `${changeMark(change)}${signedPoints(change.difference)}` : interval(accuracy);
  return { share: accuracy.accuracy, text: points(accuracy.accuracy), sub, own };
}

/** Beyond noise, and in which direction. */
export function changeMark({ beyondNoise, difference }: { beyondNoise: boolean; difference: number }): string {
  return beyondNoise ? (difference > 0 ? '▲ ' : '▼ ') : '';
}

function accuracyTable({ report, rows }: ShownReport): HTMLElement {
  const lines = rows.flatMap(row =>
    row.cells.flatMap(({ accuracy }, i): Child[][] => {
      if (!accuracy) return [];
      const { correct, total, accuracy: share } = accuracy;
      return [[row.system, row.kind, report.sets[i]!.name, correct, total, points(share), interval(accuracy)]];
    }),
  );
  const numeric = ['right', 'of', '%', '95 % interval'].map(head => ({ head, numeric: true }));
  return dataTable('Accuracy, as numbers', [{ head: 'system' }, { head: 'kind' }, { head: 'set' }, ...numeric], lines);
}
