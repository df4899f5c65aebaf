import { fastestRatioOf, isReached, type Row, ratioOf, targetText } from './row.ts';

/** Rows as a Markdown table, with their notes below. */
export function formatTable(rows: Row[]): string {
  const head = ['row', 'value', 'against', 'its value', 'ratio', 'of fastest', 'target', 'reached'];
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
  const widths = head.map((_, i) => Math.max(...[head, ...cells].map(line => line[i]!.length)));
  const line = (parts: string[]) => `| ${parts.map((p, i) => p.padEnd(widths[i]!)).join(' | ')} |`;
  const rule = `| ${widths.map(w => '-'.repeat(w)).join(' | ')} |`;
  const notes = rows.flatMap(row => row.notes.map(note => `- ${row.group}: ${row.name} — ${note}`));
  return [line(head), rule, ...cells.map(line), '', ...notes].join('\n');
}

/** Three significant digits, whole numbers from a hundred on. */
export function number(x: number): string {
  if (!Number.isFinite(x)) return String(x);
  return Math.abs(x) >= 100 ? Math.round(x).toLocaleString('en-US') : String(Number(x.toPrecision(3)));
}
