import type { Report, ReportExample } from '../protocol/report.ts';
import { percent, plural } from '../text/numbers.ts';
import { html, type Markup } from './html.ts';
import type { Section } from './parts.ts';

/** Sample answers per set, right and wrong side by side. */
export function examplesSection({ examples, sets }: Report): Section | undefined {
  if (examples.length === 0) return undefined;
  const names = [...new Set([...sets.map(set => set.name), ...examples.map(example => example.set)])];
  const known = names.map(name => ({ name, samples: examples.filter(example => example.set === name) }));
  return {
    id: 'examples',
    heading: 'Examples',
    body: html`<p>A few answers of each kind, not a sample in proportion.</p>
${known.filter(({ samples }) => samples.length > 0).map(({ name, samples }, i) => exampleGroup(name, samples, i === 0))}`,
  };
}

function exampleGroup(name: string, samples: readonly ReportExample[], open: boolean): Markup {
  const right = samples.filter(sample => sample.correct);
  const wrong = samples.filter(sample => !sample.correct);
  const summary = html`<summary><h3>${name}</h3> ${right.length} right, ${wrong.length} wrong</summary>`;
  const columns = html`<div class="columns two">
<div class="right"><h4>✓ Right</h4>${answers(right, 'No right answer among these.')}</div>
<div class="wrong"><h4>✗ Wrong</h4>${answers(wrong, 'No wrong answer among these.')}</div>
</div>`;
  return open
    ? html`<details open>${summary}${columns}</details>
`
    : html`<details>${summary}${columns}</details>
`;
}

function answers(samples: readonly ReportExample[], none: string): Markup {
  return samples.length === 0 ? html`<p class="note">${none}</p>` : html`${samples.map(exampleCard)}`;
}

function exampleCard({ system, prompt, expected, got, correct, route }: ReportExample): Markup {
  const wanted = correct && expected.trim() === got.trim() ? undefined : html`<dt>expected</dt><dd>${expected}</dd>`;
  return html`<article><dl>
<dt>prompt</dt><dd>${prompt}</dd>
${wanted}
<dt>got</dt><dd class="got">${got === '' ? html`<em>(nothing)</em>` : got}</dd>
</dl><p class="route">${system}${routeText(route)}</p></article>
`;
}

function routeText(route: Record<string, number> | undefined): Markup | undefined {
  if (!route) return undefined;
  const parts = Object.entries(route)
    .filter(([, weight]) => Math.abs(weight) >= 0.005)
    .sort(([, a], [, b]) => b - a)
    .map(([expert, weight]) => `${expert} ${percent(weight)}`);
  return html` → ${parts.length > 0 ? parts.join(' · ') : `base (${plural(0, 'expert')})`}`;
}
