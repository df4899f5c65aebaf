import type { Report } from '../protocol/report.ts';
import { count, points, signedCount } from '../text/numbers.ts';
import { forgettingOf, sequentialSentence } from './findings.ts';
import { html, type Markup } from './html.ts';
import { dataTable, type Section } from './parts.ts';
import { share } from './scoreGrid.ts';
import { sequentialPlot } from './sequentialPlot.ts';

/** The bank of adapters, then beside it one adapter trained on one domain after the other. */
export function forgettingSection(report: Report): Section {
  return {
    id: 'forgetting',
    heading: 'Forgetting',
    body: html`<p>${bankSentence(report)}</p>
<div class="columns${report.forgetting.sequential ? ' uneven' : ''}">
<div><h3>One adapter per expert</h3>
${bankTable(report)}
<dl class="hashes"><dt>Base hash before</dt><dd>${report.base.hashBefore}</dd><dt>Base hash after</dt><dd>${report.base.hashAfter}</dd></dl></div>
${sequentialPart(report)}
</div>`,
  };
}

function bankSentence(report: Report): string {
  const { answersLost, hashUnchanged, nothingForgotten } = forgettingOf(report);
  const { gateZeroBitEqual, gateZeroDifference, probeTokens } = report.forgetting;
  const logits = gateZeroBitEqual
    ? `With all gates at zero the base's logits are the same bit for bit after training as before it (${count(probeTokens)} probe tokens)`
    : `With all gates at zero the base's logits differ by up to ${gateZeroDifference} (${count(probeTokens)} probe tokens)`;
  const hash = `the hash of its weights is ${hashUnchanged ? 'unchanged' : 'not the one it had'}`;
  const lost =
    answersLost === 0
      ? 'no expert lost an answer to the training of the others'
      : `experts lost ${count(answersLost)} answers to the training of the others`;
  return `${nothingForgotten ? 'Nothing was forgotten. ' : ''}${logits}, ${hash}, and ${lost}.`;
}

function bankTable(report: Report): Markup | undefined {
  const { experts } = report.forgetting;
  if (experts.length === 0) return undefined;
  return dataTable(
    'Right answers of each expert, trained alone and with all others trained and loaded',
    [
      { head: 'expert' },
      { head: 'set' },
      { head: 'alone', numeric: true },
      { head: 'with all', numeric: true },
      { head: 'change', numeric: true },
    ],
    experts.map(({ expert, set, before, after, total }) => [
      expert,
      set,
      `${count(before)} / ${count(total)}`,
      `${count(after)} / ${count(total)}`,
      signedCount(after - before),
    ]),
  );
}

function sequentialPart(report: Report): Markup | undefined {
  const sequential = report.forgetting.sequential;
  if (!sequential) return undefined;
  return html`<div><h3>One adapter for all, trained in sequence</h3>
<p>${sequentialSentence(report)}</p>
<ul class="key"><li><i class="key-line accent"></i>sequential adapter</li><li><i class="key-line dashed"></i>own expert in the bank</li><li><i class="key-block"></i>stage that trains the set</li></ul>
<div class="multiples narrow">${sequential.order.map((set, i) => sequentialPlot(report, sequential, set, `sequential-${i}`))}</div>
<details><summary>Numbers</summary>
${dataTable(
  'Accuracy of the sequential adapter after each stage, per cent',
  [{ head: 'trained on' }, ...sequential.order.map(set => ({ head: set, numeric: true }))],
  [
    ...sequential.stages.map(({ trainedOn, correct, total }) => [
      trainedOn,
      ...sequential.order.map(set =>
        total[set] ? points(share({ correct: correct[set] ?? 0, total: total[set] })) : '–',
      ),
    ]),
    ['forgotten', ...sequential.order.map(set => points(sequential.forgotten[set] ?? 0))],
  ],
)}</details></div>`;
}
