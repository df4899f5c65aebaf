import { scorerLabels } from '../protocol/scorer.ts';
import type { ShownCell, ShownReport, ShownRow } from '../protocol/views/report.ts';
import { count, interval, percent, points, signedPoints } from '../text/numbers.ts';
import { DataTable, numeric } from './DataTable.tsx';
import { Figure, Numbers } from './Figure.tsx';
import { type HeatCell, HeatTable } from './HeatTable.tsx';
import { changeMark } from './scoreGrid.ts';

const title = 'Accuracy of every system on every set';

/** Every system on every set, as a heat map and as numbers. */
export function Accuracy({ shown }: { shown: ShownReport }) {
  const { report, rows } = shown;
  const best = bestSentence(shown);
  const hasAll = report.sets.length > 1;
  const cells = (row: ShownRow): HeatCell[] => [
    ...row.cells.map((cell, i) => heatCell(cell, row.kind === 'expert' && report.sets[i]!.expert === row.system)),
    ...(hasAll ? [heatCell(row.overall)] : []),
  ];
  return (
    <>
      {best && <p class="lead">{best}</p>}
      <p class="note">
        Per cent right on held-out questions, with the 95 % interval below; an outline marks an expert on its own
        domain.
      </p>
      <Figure
        title={title}
        below={
          <Numbers>
            <ScoreTable shown={shown} />
          </Numbers>
        }
      >
        <HeatTable
          caption={`${title}, per cent`}
          columns={[
            ...report.sets.map(set => ({
              text: set.name,
              sub: `${count(set.examples)} · ${scorerLabels[set.scorer]}`,
            })),
            ...(hasAll ? [{ text: 'all sets' }] : []),
          ]}
          rows={rows.map(row => ({
            head: { text: row.system, sub: row.kind === row.system ? undefined : row.kind },
            cells: cells(row),
          }))}
        />
      </Figure>
    </>
  );
}

/** From the base to each domain's expert. */
function bestSentence({ report, rows }: ShownReport): string {
  const found = report.sets.flatMap((set, i) => {
    const of = (kind: ShownRow['kind'], system: string | undefined) =>
      rows.find(row => row.kind === kind && row.system === system)?.cells[i]?.accuracy;
    const [base, own] = [of('base', 'base'), of('expert', set.expert)];
    if (!own) return [];
    return [`${set.name} ${base ? `${percent(base.accuracy)} → ` : ''}${percent(own.accuracy)}`];
  });
  return found.length > 0 ? `From the base to each domain's expert: ${found.join(', ')}.` : '';
}

function heatCell({ accuracy, change }: ShownCell, isOwn = false): HeatCell {
  if (!accuracy) return { text: '–' };
  const sub = change ? `${changeMark(change)}${signedPoints(change.difference)}` : interval(accuracy);
  return { share: accuracy.accuracy, text: points(accuracy.accuracy), sub, isOwn };
}

function ScoreTable({ shown: { report, rows } }: { shown: ShownReport }) {
  const lines = rows.flatMap(row =>
    row.cells.flatMap(({ accuracy }, i) => {
      if (!accuracy) return [];
      const { correct, total, accuracy: share } = accuracy;
      return [
        [row.system, row.kind, report.sets[i]!.name, count(correct), count(total), points(share), interval(accuracy)],
      ];
    }),
  );
  return (
    <DataTable
      caption="Accuracy, as numbers"
      columns={[{ head: 'system' }, { head: 'kind' }, { head: 'set' }, ...numeric('right', 'of', '%', '95 % interval')]}
      rows={lines}
    />
  );
}
