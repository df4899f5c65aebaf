import type { Report } from '../protocol/report.ts';
import { count, interval, magnitude, percent, plural, points } from '../text/numbers.ts';
import { forgettingOf, headlineAccuracy, storageSaving } from './findings.ts';
import { html, type Markup } from './html.ts';

/** The three figures that answer: is it good, was anything forgotten, what does it cost. */
export function headline(report: Report): Markup {
  return html`<dl class="headline">
${accuracyFigure(report)}
${forgettingFigure(report)}
${storageFigure(report)}
</dl>`;
}

function accuracyFigure(report: Report): Markup | undefined {
  const found = headlineAccuracy(report);
  if (!found) return undefined;
  const { label, accuracy, base, asked } = found;
  const beside = base ? `; the base alone: ${percent(base.accuracy)}` : '';
  return html`<div><dt>${label}</dt><dd><strong>${points(accuracy.accuracy)}<span class="unit"> %</span></strong>
<span>95 % interval ${interval(accuracy)}${beside}; ${asked}</span></dd></div>`;
}

function forgettingFigure(report: Report): Markup {
  const { answersLost, nothingForgotten, proof } = forgettingOf(report);
  const unit = answersLost === 1 ? ' answer' : ' answers';
  const tokens = `${count(report.forgetting.probeTokens)} probe tokens`;
  return html`<div class="${nothingForgotten ? 'proved' : 'warning'}"><dt>forgotten by the experts</dt>
<dd><strong>${count(answersLost)}<span class="unit">${unit}</span></strong>
<span>${nothingForgotten ? '✓ ' : '⚠ '}${proof} (${tokens})</span></dd></div>`;
}

function storageFigure(report: Report): Markup {
  const { figure, unit, sentence } = storageSaving(report);
  return html`<div><dt>storage against full models</dt>
<dd><strong>${figure}<span class="unit"> ${unit}</span></strong><span>${sentence}</span></dd></div>`;
}

/** Base, recipe and date in one line under the title. */
export function subtitle(report: Report): string {
  const { base, recipe, experts } = report;
  return `${base.name} (${magnitude(base.parameters)} parameters) · ${plural(experts.length, 'expert')} · recipe ${recipe.path}`;
}
