import type { Report } from '../protocol/report.ts';
import { dateTime } from '../text/numbers.ts';
import { blendsSection } from './blends.ts';
import { examplesSection } from './examples.ts';
import { footer } from './footer.ts';
import { forgettingSection } from './forgetting.ts';
import { headline, subtitle } from './headline.ts';
import { html, markupText } from './html.ts';
import { matrixSection } from './matrix.ts';
import { mergesSection } from './merges.ts';
import { routerSection } from './router.ts';
import { storageSection } from './storage.ts';
import { style } from './style.ts';
import { trainingSection } from './training.ts';

/**
 * The report as one HTML file that needs nothing else: no script, no font, no network (its content security policy
 * forbids them). Every text of the report is escaped. Parts that the report lacks are left out.
 */
export function reportHtml(report: Report): string {
  const sections = [
    matrixSection(report),
    forgettingSection(report),
    report.router && routerSection(report.router),
    mergesSection(report),
    trainingSection(report),
    storageSection(report),
    blendsSection(report),
    examplesSection(report),
  ].filter(section => section !== undefined);
  return markupText(html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${report.recipe.name}: multi-LoRA report</title>
${style}
</head>
<body>
<header>
<p class="kind">Multi-LoRA report · <time datetime="${report.created}">${dateTime(report.created)}</time></p>
<h1>${report.recipe.name}</h1>
<p class="subtitle">${subtitle(report)}</p>
${headline(report)}
<nav aria-label="Contents">${sections.map(({ id, heading }) => html`<a href="#${id}">${heading}</a> `)}</nav>
</header>
<main>
${sections.map(
  ({ id, heading, body }) => html`<section id="${id}" aria-labelledby="${id}-heading">
<h2 id="${id}-heading">${heading}</h2>
${body}
</section>
`,
)}</main>
${footer(report)}
</body>
</html>
`);
}
