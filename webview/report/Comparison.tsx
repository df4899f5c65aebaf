import { useState } from 'preact/hooks';
import type { ShownReport } from '../../src/protocol/views/report.ts';
import { DataTable, numeric } from '../../src/report/DataTable.tsx';
import { changeMark } from '../../src/report/scoreGrid.ts';
import { setDifferences } from '../../src/report/setDifferences.ts';
import {
  bytes,
  count,
  interval,
  milliseconds,
  percent,
  points,
  signedPoints,
  significant,
} from '../../src/text/numbers.ts';
import { changeState, state } from './state.ts';

/** The reports beside each other, and where they differ by more than chance. */
export function Comparison({ reports }: { reports: readonly ShownReport[] }) {
  const [beyondNoise, setBeyondNoise] = useState(state.beyondNoise);
  return (
    <div class="stack">
      <OtherSets reports={reports} />
      <FigureTable reports={reports} />
      <div class="row">
        <h3>Accuracy against {reports[0]!.label}</h3>
        <vscode-checkbox
          checked={beyondNoise}
          onChange={event => {
            changeState({ beyondNoise: (event.target as HTMLInputElement).checked });
            setBeyondNoise(state.beyondNoise);
          }}
        >
          Only what differs beyond noise
        </vscode-checkbox>
      </div>
      <DifferenceTable reports={reports} beyondNoise={beyondNoise} />
      <p class="note">
        ▲ better, ▼ worse beyond noise: the 95 % interval of the difference (Newcombe 1998, both shares taken for
        independent) leaves zero out. Of twenty systems that are equal, one is marked by chance.
      </p>
    </div>
  );
}

/** Where reports were not measured on the same. */
function OtherSets({ reports: [first, ...others] }: { reports: readonly ShownReport[] }) {
  return others.map(({ path, label, report }) => {
    const differences = setDifferences(first!.report, report);
    if (differences.length === 0) return null;
    return (
      <p key={path} class="note warning" role="note">
        <strong>{label} was measured on other sets.</strong> {differences.join(' ')} Figures of all sets together are
        not to be compared; below are the sets that both have.
      </p>
    );
  });
}

const figures: [name: string, of: (shown: ShownReport) => string][] = [
  [
    'accuracy',
    ({ headline }) => (headline ? `${percent(headline.accuracy.accuracy)} (${interval(headline.accuracy)})` : '–'),
  ],
  ['answers forgotten by the experts', ({ forgetting }) => count(forgetting.answersLost)],
  ['base and adapters', ({ storage }) => bytes(storage.sharedBytes)],
  ['times smaller than full models', ({ storage }) => storage.ratio.toFixed(1)],
  ['router’s accuracy', ({ report }) => (report.router ? percent(report.router.accuracy) : '–')],
  ['router’s calibration error', ({ report }) => significant(report.router?.calibrationError ?? Number.NaN)],
  ['changing experts', ({ report }) => (report.switching ? milliseconds(report.switching.medianMs) : '–')],
];

function FigureTable({ reports }: { reports: readonly ShownReport[] }) {
  return (
    <DataTable
      caption="Key figures of the reports"
      columns={[{ head: 'figure' }, ...numeric(...reports.map(({ label }) => label))]}
      rows={figures.map(([name, of]) => [name, ...reports.map(of)])}
    />
  );
}

/** Every system and set that the first report and another have. */
function DifferenceTable({ reports, beyondNoise }: { reports: readonly ShownReport[]; beyondNoise: boolean }) {
  const [first, ...others] = reports;
  const rows = others.flatMap(other =>
    other.rows.flatMap(row =>
      row.cells.flatMap(({ accuracy, change }, i) => {
        if (!accuracy || !change || (beyondNoise && !change.beyondNoise)) return [];
        return [
          [
            row.kind === row.system ? row.system : `${row.system} (${row.kind})`,
            other.report.sets[i]!.name,
            ...(others.length > 1 ? [other.label] : []),
            points(accuracy.accuracy - change.difference),
            points(accuracy.accuracy),
            <span key="difference" class={change.beyondNoise ? 'strong' : undefined}>
              {`${changeMark(change)}${signedPoints(change.difference)}`}
            </span>,
            `${signedPoints(change.low)} to ${signedPoints(change.high)}`,
          ],
        ];
      }),
    ),
  );
  if (rows.length === 0)
    return (
      <p class="muted">
        {beyondNoise ? 'Nothing differs beyond noise.' : 'The reports have no system and set in common.'}
      </p>
    );
  return (
    <DataTable
      caption="Differences of accuracy in points"
      columns={[
        { head: 'system' },
        { head: 'set' },
        ...(others.length > 1 ? [{ head: 'report' }] : []),
        ...numeric(
          `${first!.label} %`,
          others.length > 1 ? 'there %' : `${others[0]!.label} %`,
          'difference',
          '95 % interval',
        ),
      ]}
      rows={rows}
    />
  );
}
