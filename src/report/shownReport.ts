import { type Accuracy, accuracyDifference, accuracyOf } from '../evaluation/metrics.ts';
import type { Report, ReportScore } from '../protocol/report.ts';
import type { ShownCell, ShownReport, ShownRow } from '../protocol/views/report.ts';
import { dateTime } from '../text/numbers.ts';
import { forgettingOf, headlineAccuracy, sequentialSentence, storageSaving } from './findings.ts';
import { thinnedCurve } from './lossCurves.ts';
import { type ScoreRow, scoreGrid, share } from './scoreGrid.ts';

/** Reports as the report view shows them; those after the first are compared with it, set by set. */
export function shownReports(reports: readonly { path: string; report: Report }[]): ShownReport[] {
  const [first] = reports;
  const labels = labelsOf(reports);
  const rowsBefore = first && rowsByKey(first.report);
  return reports.map(({ path, report }, i) => ({
    path,
    label: labels[i]!,
    report: { ...report, curves: report.curves.map(thinnedCurve) },
    rows: scoreGrid(report).map(row => shownRow(row, report, i === 0 ? undefined : rowsBefore)),
    headline: headlineAccuracy(report),
    forgetting: { ...forgettingOf(report), sequential: sequentialSentence(report) },
    storage: storageSaving(report),
  }));
}

/** The shortest that tells it apart from the others: the recipe's name, with the time of the evaluation, with its path. */
function labelsOf(reports: readonly { path: string; report: Report }[]): string[] {
  const names = reports.map(({ path, report: { recipe, created } }) => {
    const timed = `${recipe.name}, ${dateTime(created)}`;
    return [recipe.name, timed, `${timed}, ${path}`];
  });
  return names.map(
    candidates =>
      candidates.find(name => names.flat().filter(each => each === name).length === 1) ?? candidates.at(-1)!,
  );
}

/** The rows of the report that others are compared with, and where its sets are in them. */
interface RowsBefore {
  rows: ReadonlyMap<string, ScoreRow>;
  places: ReadonlyMap<string, number>;
}

function rowsByKey(report: Report): RowsBefore {
  return {
    rows: new Map(scoreGrid(report).map(row => [keyOf(row), row])),
    // Of sets with one name the first; sets are the same by name alone: that is what a report says of them.
    places: new Map(report.sets.map(({ name }, i): [string, number] => [name, i]).reverse()),
  };
}

function keyOf({ system, kind }: ScoreRow): string {
  return `${kind} ${system}`;
}

function shownRow(row: ScoreRow, { sets }: Report, first: RowsBefore | undefined): ShownRow {
  const { system, kind, cells, overall } = row;
  const before = first?.rows.get(keyOf(row));
  return {
    system,
    kind,
    cells: cells.map((score, i) =>
      shownCell(accuracy(score), accuracy(before?.cells[first!.places.get(sets[i]!.name) ?? -1])),
    ),
    overall: shownCell(overall, before && sameSets(first!, sets) ? before.overall : undefined),
  };
}

/** With the interval that the report says. */
function accuracy(score: ReportScore | undefined): Accuracy | undefined {
  if (!score) return undefined;
  const { correct, total, low, high } = score;
  return { correct, total, accuracy: share(score), low, high };
}

function shownCell(now: Accuracy | undefined, before: Accuracy | undefined): ShownCell {
  const counted = ({ correct, total }: Accuracy) => accuracyOf(correct, total);
  return { accuracy: now, change: now && before && accuracyDifference(counted(before), counted(now)) };
}

/** Over different sets, the sums of both say nothing about each other. */
function sameSets({ places }: RowsBefore, sets: Report['sets']): boolean {
  return places.size === sets.length && sets.every(({ name }) => places.has(name));
}
