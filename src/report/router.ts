import type { ReportRouter } from '../protocol/report.ts';
import { count, milliseconds, percent, points, significant } from '../text/numbers.ts';
import { heatClass } from './heat.ts';
import { html, type Markup } from './html.ts';
import { dataTable, type Section, scrollingTable } from './parts.ts';
import { axes, coordinate, linearScale, picture } from './svg.ts';

/** Where prompts went, and whether the router's confidence can be believed. */
export function routerSection(router: ReportRouter): Section {
  return {
    id: 'router',
    heading: 'Router',
    body: html`<p>The ${router.kind} router sends ${percent(router.accuracy)} of the held-out prompts where they belong, in ${milliseconds(router.msPerPrompt)} each. Its expected calibration error is ${significant(router.calibrationError)}.</p>
<div class="columns two">
<div><h3>Confusion</h3>
<p class="note">Rows: what the prompt is. Columns: where it went. Counts, shaded by their share of the row.</p>
${confusionTable(router)}</div>
<div><h3>Calibration</h3>
<p class="note">A dot on the diagonal is as often right as it is confident; its area is the number of prompts.</p>
${reliabilityDiagram(router)}
<details><summary>Numbers</summary>${binTable(router)}</details></div>
</div>`,
  };
}

function confusionTable({ labels, confusion }: ReportRouter): Markup {
  const rows = labels
    .map((label, i) => ({ label, counts: confusion[i] ?? [], i }))
    .filter(({ counts }) => counts.some(value => value > 0));
  return scrollingTable(
    'Confusion matrix of the router',
    html`<table class="heat"><caption class="hidden">Confusion matrix of the router, counts: true label by predicted label</caption>
<thead><tr><td></td>${labels.map(label => html`<th scope="col">${label}</th>`)}<th scope="col">right</th></tr></thead>
<tbody>
${rows.map(({ label, counts, i }) => {
  const total = counts.reduce((sum, value) => sum + value, 0);
  // The last label has no expert: such prompts belong to none and should be left to the base.
  const name = label === 'abstained' ? 'no expert' : label;
  return html`<tr><th scope="row">${name}</th>${labels.map((_, j) => confusionCell(counts[j] ?? 0, total, i === j))}<td class="all">${points((counts[i] ?? 0) / total)}<span class="unit"> %</span></td></tr>
`;
})}</tbody></table>`,
  );
}

function confusionCell(value: number, total: number, own: boolean): Markup {
  return html`<td class="${heatClass(value / total)}${own ? ' own' : ''}">${count(value)}</td>`;
}

const size = { width: 340, height: 264 };
const area = { left: 44, right: 326, top: 26, bottom: 222 };

function reliabilityDiagram({ bins, calibrationError }: ReportRouter): Markup {
  const x = linearScale([0, 1], [area.left, area.right]);
  const y = linearScale([0, 1], [area.bottom, area.top]);
  const filled = bins.filter(bin => bin.count > 0);
  const most = Math.max(...filled.map(bin => bin.count), 1);
  const dots = filled.map(({ confidence, accuracy, count: prompts }) => {
    const [cx, cy] = [coordinate(x.at(confidence)), coordinate(y.at(accuracy))];
    const radius = coordinate(Math.max(2.5, 11 * Math.sqrt(prompts / most)));
    return html`<line class="gap" x1="${cx}" x2="${cx}" y1="${coordinate(y.at(confidence))}" y2="${cy}"/><circle class="dot accent see-through" cx="${cx}" cy="${cy}" r="${radius}"/>
`;
  });
  return picture(
    'reliability',
    size,
    'Reliability diagram of the router',
    `Share of right routes against confidence in ${filled.length} bins; expected calibration error ${significant(calibrationError)}. The numbers are in the table below.`,
    html`${axes(area, x, y, 'confidence', 'right')}
<line class="dashed" x1="${area.left}" y1="${area.bottom}" x2="${area.right}" y2="${area.top}"/>
${dots}
<text class="title" x="${area.right - 4}" y="${area.bottom - 10}" text-anchor="end">ECE ${significant(calibrationError)}</text>`,
  );
}

function binTable({ bins }: ReportRouter): Markup {
  return dataTable(
    'Prompts by confidence',
    [
      { head: 'confidence', numeric: true },
      { head: 'right', numeric: true },
      { head: 'prompts', numeric: true },
    ],
    bins.filter(bin => bin.count > 0).map(bin => [percent(bin.confidence), percent(bin.accuracy), count(bin.count)]),
  );
}
