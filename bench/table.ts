import { fastestRatioOf, isReached, type Row, ratioOf, targetText } from './row.ts';

/** The columns of the bench's table; docs/performance.md has such tables between its marks. */
const tableHead = ['row', 'value', 'against', 'its value', 'ratio', 'of fastest', 'target', 'reached'];

/** Rows as a Markdown table, with their notes below. */
export function formatTable(rows: Row[]): string {
  const cells = rows.map(row => {
    const ratio = ratioOf(row);
    const reached = isReached(row);
    return [
      `${row.group}: ${row.name}`,
      `${number(row.value)} ${row.unit}`,
      row.against?.name ?? '—',
      row.against ? `${number(row.against.value)} ${row.unit}` : '—',
      ratio?.toFixed(2) ?? '—',
      fastestRatioOf(row)?.toFixed(2) ?? '—',
      targetText(row) || '—',
      reached === undefined ? '—' : reached ? 'yes' : 'NO',
    ];
  });
  const notes = rows.flatMap(row => row.notes.map(note => `- ${row.group}: ${row.name} — ${note}`));
  return [alignedTable(cells), '', ...notes].join('\n');
}

/** Cells of each line under the bench's head, in columns. */
export function alignedTable(cells: string[][]): string {
  const widths = tableHead.map((_, i) => Math.max(...[tableHead, ...cells].map(line => line[i]!.length)));
  const line = (parts: string[]) => `| ${parts.map((p, i) => p.padEnd(widths[i]!)).join(' | ')} |`;
  const rule = `| ${widths.map(w => '-'.repeat(w)).join(' | ')} |`;
  return [line(tableHead), rule, ...cells.map(line)].join('\n');
}

/** Three significant digits, whole numbers from a hundred on. */
export function number(x: number): string {
  if (!Number.isFinite(x)) return String(x);
  return Math.abs(x) >= 100 ? Math.round(x).toLocaleString('en-US') : String(Number(x.toPrecision(3)));
}
