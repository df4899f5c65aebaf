import type { Report } from '../protocol/report.ts';
import { html, type Markup } from './html.ts';
import { bar, dataTable, type Section } from './parts.ts';

const sources = { recipe: 'named in the recipe', scores: 'proposed from the scores', router: 'from the router' };

/** Named blends and the weights proposed from the scores. */
export function blendsSection({ blends, experts }: Report): Section | undefined {
  if (blends.length === 0) return undefined;
  const named = blends.flatMap(blend => Object.keys(blend.weights));
  const columns = [...new Set([...experts.map(expert => expert.name), ...named])];
  return {
    id: 'blends',
    heading: 'Blends',
    body: html`<p>A blend is Σ wᵢ sᵢ Bᵢ Aᵢ at run time: the weights can change with every prompt. Those proposed from the scores are each expert's gain over the base as a share of all gains.</p>
${dataTable(
  'Weight of each expert',
  [{ head: 'blend' }, { head: 'source' }, ...columns.map(head => ({ head, numeric: true }))],
  blends.map(({ name, source, weights }) => [
    name,
    sources[source],
    ...columns.map(expert => weightCell(weights[expert] ?? 0)),
  ]),
)}`,
  };
}

function weightCell(weight: number): Markup {
  const className = weight < 0 ? 'muted' : 'accent';
  return html`<span class="with-bar">${bar([{ share: Math.abs(weight), className }])}${weight.toFixed(2).replace('-', '−')}</span>`;
}
