import type { Report } from '../protocol/report.ts';
import { count, percent } from '../text/numbers.ts';
import { advice } from './controls.ts';
import { forgettingOf, sequentialSentence, storageSaving } from './findings.ts';
import { scoreGrid, share } from './scoreGrid.ts';

/** The report for a terminal: systems × sets, aligned, then a line on forgetting and one on storage. No final newline. */
export function reportText(report: Report): string {
  const all = report.sets.length > 1;
  const rows = scoreGrid(report).map(({ system, kind, cells, overall }) => [
    kind === 'blend' || kind === 'merge' ? `${system} (${kind})` : system,
    ...cells.map(cell => (cell ? percent(share(cell)) : '–')),
    ...(all ? [overall ? percent(overall.accuracy) : '–'] : []),
  ]);
  const head = ['accuracy', ...report.sets.map(set => set.name), ...(all ? ['all sets'] : [])];
  const table = rows.length > 0 ? [...alignColumns([head, ...rows]), ''] : [];
  const use = advice(report);
  return plainText([...table, ...(use ? [use] : []), forgettingLine(report), storageLine(report)].join('\n'));
}

function forgettingLine(report: Report): string {
  const { answersLost, nothingForgotten, proof } = forgettingOf(report);
  const lost = nothingForgotten ? 'nothing' : `${count(answersLost)} answers`;
  const sequential = sequentialSentence(report);
  return `Forgotten: ${lost} (${proof}).${sequential ? ` ${sequential}` : ''}`;
}

function storageLine(report: Report): string {
  const { figure, unit, sentence } = storageSaving(report);
  return `Storage:   ${sentence}, ${figure} ${unit}.`;
}

/** First column to the left, the rest to the right. */
export function alignColumns(rows: readonly string[][]): string[] {
  const widths = rows[0]!.map((_, i) => rows.reduce((longest, row) => Math.max(longest, row[i]!.length), 0));
  const line = (row: string[]) =>
    row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join('  ');
  const [head, ...body] = rows.map(line);
  return [head!, '─'.repeat(head!.length), ...body];
}

/** Names come from files: a terminal must not obey what is in them. */
export function plainText(value: string): string {
  return value.replace(/(?!\n)\p{Cc}/gu, '');
}
