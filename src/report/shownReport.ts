import { type Accuracy, accuracyDifference, accuracyOf } from '../evaluation/metrics.ts';
import type { Report, ReportScore } from '../protocol/report.ts';
import type { ShownCell, ShownReport, ShownRow } from '../protocol/views/report.ts';
import { dateTime } from '../text/numbers.ts';
import { forgettingOf, headlineAccuracy, sequentialSentence, storageSaving } from './findings.ts';
import { type ScoreRow, scoreGrid, share } from './scoreGrid.ts';

/** Reports as the report view shows them; those after the first are compared with it, set by set. */
export function shownReports(reports: readonly { path: string; report: Report }[]): ShownReport[] {
  const [first] = reports;
  const labels = labelsOf(reports);
  return reports.map(({ path, report }, i) => ({
    path,
    label: labels[i]!,
    report,
    rows: scoreGrid(report).map(row => shownRow(row, report, i === 0 ? undefined : first!.report)),
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

function shownRow({ system, kind, cells, overall }: ScoreRow, { sets }: Report, first: Report | undefined): ShownRow {
  const before = first && scoreGrid(first).find(row => row.system === system && row.kind === kind);
  return {
    system,
    kind,
    cells: cells.map((score, i) => {
      // Sets are the same by name alone: that is what a report says of them.
      const at = first?.sets.findIndex(({ name }) => name === sets[i]!.name) ?? -1;
      return shownCell(accuracy(score), accuracy(before?.cells[at]));
    }),
    overall: shownCell(overall, sameSets(first, sets) ? before?.overall : undefined),
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
function sameSets(first: Report | undefined, sets: Report['sets']): boolean {
  const names = (list: Report['sets']) => list.map(({ name }) => name).sort();
  return first !== undefined && JSON.stringify(names(first.sets)) === JSON.stringify(names(sets));
}
