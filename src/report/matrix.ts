import type { Accuracy } from '../evaluation/metrics.ts';
import type { Report, ReportScore } from '../protocol/report.ts';
import { count, interval, percent, points } from '../text/numbers.ts';
import { heatClass } from './heat.ts';
import { html, type Markup } from './html.ts';
import { type Section, scrollingTable } from './parts.ts';
import { type ScoreRow, scoreGrid, share } from './scoreGrid.ts';

/** Heat map of systems × sets; every cell has its number, so colour carries nothing alone. */
export function matrixSection(report: Report): Section | undefined {
  const rows = scoreGrid(report);
  if (rows.length === 0 || report.sets.length === 0) return undefined;
  const heads = report.sets.map(
    set =>
      html`<th scope="col">${set.name}<span class="sub">${count(set.examples)} · ${scorers[set.scorer]}</span></th>`,
  );
  const all = report.sets.length > 1;
  const body = rows.map(
    row => html`<tr><th scope="row">${row.system}${kindLabel(row)}</th>
${row.cells.map((cell, i) => scoreCell(cell, row.kind === 'expert' && report.sets[i]!.expert === row.system))}
${all ? overallCell(row.overall) : undefined}</tr>
`,
  );
  return {
    id: 'accuracy',
    heading: 'Accuracy',
    body: html`<p>${lead(report, rows)} Per cent right on held-out questions, with the 95 % interval below; an outline marks an expert on its own domain.</p>
${scrollingTable(
  'Accuracy of every system on every set',
  html`<table class="heat matrix"><caption class="hidden">Accuracy of every system on every set, per cent</caption>
<thead><tr><td></td>${heads}${all ? html`<th scope="col">all sets</th>` : undefined}</tr></thead>
<tbody>
${body}</tbody></table>`,
)}`,
  };
}

const scorers = { exact: 'exact match', final: 'final answer', code: 'code is run' };

function lead(report: Report, rows: readonly ScoreRow[]): string {
  const best = report.sets.map((set, i) => {
    const own = rows.find(row => row.kind === 'expert' && row.system === set.expert)?.cells[i];
    const base = rows.find(row => row.kind === 'base')?.cells[i];
    if (!own) return undefined;
    return `${set.name} ${base ? `${percent(share(base))} → ` : ''}${percent(share(own))}`;
  });
  const known = best.filter(each => each !== undefined);
  return known.length > 0 ? `From the base to each domain's expert: ${known.join(', ')}.` : '';
}

function kindLabel({ system, kind }: ScoreRow): Markup | undefined {
  return system === kind ? undefined : html`<span class="sub">${kind}</span>`;
}

function scoreCell(score: ReportScore | undefined, own: boolean): Markup {
  if (!score) return html`<td class="empty">–</td>`;
  const accuracy = share(score);
  return html`<td class="${heatClass(accuracy)}${own ? ' own' : ''}">${points(accuracy)}<span class="sub">${interval(score)}</span></td>`;
}

function overallCell(overall: Accuracy | undefined): Markup {
  if (!overall) return html`<td class="empty">–</td>`;
  return html`<td class="all ${heatClass(overall.accuracy)}">${points(overall.accuracy)}<span class="sub">${interval(overall)}</span></td>`;
}
