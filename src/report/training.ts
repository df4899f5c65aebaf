import type { Report } from '../protocol/report.ts';
import { bytes, count, magnitude, significant } from '../text/numbers.ts';
import { html, type Markup } from './html.ts';
import { lossAxis, lossPlot } from './lossPlot.ts';
import { dataTable, type Section } from './parts.ts';

/** What was trained, and the loss curves. */
export function trainingSection(report: Report): Section | undefined {
  if (report.experts.length === 0 && report.curves.length === 0) return undefined;
  return {
    id: 'training',
    heading: 'Training',
    body: html`${expertTable(report)}
${curves(report)}`,
  };
}

function expertTable({ experts }: Report): Markup | undefined {
  if (experts.length === 0) return undefined;
  return dataTable(
    'Experts',
    [
      { head: 'expert' },
      { head: 'rank', numeric: true },
      { head: 'alpha', numeric: true },
      { head: 'scaling', numeric: true },
      { head: 'targets' },
      { head: 'parameters', numeric: true },
      { head: 'size', numeric: true },
      { head: 'examples', numeric: true },
      { head: 'steps', numeric: true },
      { head: 'tokens', numeric: true },
      { head: 'best validation loss', numeric: true },
    ],
    experts.map(expert => [
      html`${expert.name}${expert.domain && expert.domain !== expert.name ? html`<span class="sub">${expert.domain}</span>` : undefined}`,
      count(expert.rank),
      significant(expert.alpha),
      significant(expert.scaling),
      targetList(expert.targets),
      magnitude(expert.parameters),
      bytes(expert.bytes),
      count(expert.trainExamples),
      count(expert.steps),
      magnitude(expert.tokens),
      significant(expert.bestValidationLoss ?? Number.NaN),
    ]),
  );
}

/** `q_proj, k_proj` → `q, k`: the suffix says nothing in a column of targets. */
function targetList(targets: readonly string[]): string {
  return targets.map(target => target.replace(/_proj$/, '')).join(' ');
}

function curves({ curves: all }: Report): Markup | undefined {
  const drawn = all.filter(curve => curve.train.length + curve.validation.length > 0);
  if (drawn.length === 0) return undefined;
  const axis = lossAxis(drawn);
  return html`<h3>Loss by step</h3>
<ul class="key"><li><i class="key-line muted"></i>training</li><li><i class="key-line accent"></i>validation</li><li><i class="key-dot"></i>best validation</li><li>${axis.logarithmic ? 'logarithmic' : 'linear'} axis, the same in all</li></ul>
<div class="multiples">${drawn.map((curve, i) => lossPlot(curve, axis, `curve-${i}`))}</div>`;
}
