import type { ShownReport } from '../../src/protocol/views/report.ts';
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
import { type Child, element, replaceContent } from '../components/dom.ts';
import { dataTable } from '../components/table.ts';
import { changeMark } from './accuracy.ts';
import { note, type ReportPage, type Section } from './page.ts';
import { changeState, state } from './state.ts';

/** The reports beside each other, and where they differ by more than chance. */
export function comparisonSection({ reports }: ReportPage): Section | undefined {
  if (reports.length < 2) return undefined;
  const differences = element('div', {});
  const show = () => replaceContent(differences, differenceTable(reports, state.beyondNoise));
  const only = element(
    'vscode-checkbox',
    {
      checked: state.beyondNoise,
      onchange: event => {
        changeState({ beyondNoise: (event.target as HTMLInputElement).checked });
        show();
      },
    },
    'Only what differs beyond noise',
  );
  show();
  return {
    id: 'comparison',
    heading: 'Comparison',
    content: element('div', { class: 'stack' }, [
      figuresTable(reports),
      element('div', { class: 'row' }, element('h3', {}, `Accuracy against ${reports[0]!.label}`), only),
      differences,
      note(
        '▲ better, ▼ worse beyond noise: the 95 % interval of the difference (Newcombe 1998, both shares taken for independent) leaves zero out. Of twenty systems that are equal, one is marked by chance.',
      ),
    ]),
  };
}

function figuresTable(reports: readonly ShownReport[]): HTMLElement {
  const figures: [string, (shown: ShownReport) => string][] = [
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
  return dataTable(
    'Key figures of the reports',
    [{ head: 'figure' }, ...reports.map(({ label }) => ({ head: label, numeric: true }))],
    figures.map(([name, of]) => [name, ...reports.map(of)]),
  );
}

/** Every system and set that the first report and another have. */
function differenceTable(reports: readonly ShownReport[], onlyBeyondNoise: boolean): HTMLElement {
  const [first, ...others] = reports;
  const rows = others.flatMap(other =>
    other.rows.flatMap(row =>
      row.cells.flatMap(({ accuracy, change }, i): Child[][] => {
        if (!accuracy || !change || (onlyBeyondNoise && !change.beyondNoise)) return [];
        const before = accuracy.accuracy - change.difference;
        return [
          [
            row.kind === row.system ? row.system : `${row.system} (${row.kind})`,
            other.report.sets[i]!.name,
            ...(others.length > 1 ? [other.label] : []),
            points(before),
            points(accuracy.accuracy),
            element(
              'span',
              { class: change.beyondNoise ? 'strong' : undefined },
              changeMark(change),
              signedPoints(change.difference),
            ),
            `${signedPoints(change.low)} to ${signedPoints(change.high)}`,
          ],
        ];
      }),
    ),
  );
  if (rows.length === 0)
    return element(
      'p',
      { class: 'muted' },
      onlyBeyondNoise ? 'Nothing differs beyond noise.' : 'The reports have no system and set in common.',
    );
  return dataTable(
    'Differences of accuracy in points',
    [
      { head: 'system' },
      { head: 'set' },
      ...(others.length > 1 ? [{ head: 'report' }] : []),
      { head: `${first!.label} %`, numeric: true },
      { head: others.length > 1 ? 'there %' : `${others[0]!.label} %`, numeric: true },
      { head: 'difference', numeric: true },
      { head: '95 % interval', numeric: true },
    ],
    rows,
  );
}
