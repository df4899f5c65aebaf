import type { Report } from '../protocol/report.ts';
import { count, points, significant, weightList } from '../text/numbers.ts';
import { html } from './html.ts';
import { dataTable, type Section } from './parts.ts';
import { share } from './scoreGrid.ts';

/** Permanent merges: how each was made, how far it is from the exact sum, and what that did to its scores. */
export function mergesSection(report: Report): Section | undefined {
  if (report.merges.length === 0) return undefined;
  const rows = report.merges.map(merge => [
    html`${merge.name}<span class="sub path">${merge.path}</span>`,
    merge.method,
    weightList(merge.weights),
    count(merge.rank),
    significant(merge.relativeError),
    ...report.sets.map(set => {
      const score = report.scores.find(
        ({ kind, system, set: asked }) => kind === 'merge' && system === merge.name && asked === set.name,
      );
      return score ? points(share(score)) : '–';
    }),
  ]);
  return {
    id: 'merges',
    heading: 'Merges',
    body: html`<p>Relative error is ‖merged − exact weighted sum‖ / ‖exact weighted sum‖, Frobenius norms over all layers; scores are per cent right.</p>
${dataTable(
  'Permanently merged adapters',
  [
    { head: 'merge' },
    { head: 'method' },
    { head: 'weights' },
    { head: 'rank', numeric: true },
    { head: 'relative error', numeric: true },
    ...report.sets.map(set => ({ head: set.name, numeric: true })),
  ],
  rows,
)}`,
  };
}
