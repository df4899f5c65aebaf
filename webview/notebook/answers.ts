import type { AskOutput, BlendOutput, StepAnswer } from '../../src/protocol/notebookOutput.ts';
import { duration, plural } from '../../src/text/numbers.ts';
import { beyondText } from '../../src/text/route.ts';
import { element } from '../components/dom.ts';
import { weightBars } from './weights.ts';

/** Evidence that is shown; the rest weighs less. */
const mostEvidence = 8;

export function askView({ answer }: AskOutput): Node[] {
  const { route, result } = answer;
  return [...(route ? [routeView(route)] : result ? [weightBars(result.weights)] : []), ...answerView(answer)];
}

/** Answers of blends beside each other. */
export function blendView({ answers }: BlendOutput): Node[] {
  const columns = answers.map(({ blend, weights, answer }) =>
    element(
      'section',
      { 'aria-label': blend },
      element('p', { class: 'lora-name' }, blend),
      weightBars(weights),
      answerView(answer),
    ),
  );
  return [element('div', { class: 'lora-columns' }, columns)];
}

function answerView({ text, result }: StepAnswer): Node[] {
  const foot = result
    ? `${plural(result.answerTokens, 'token')} in ${duration(result.seconds)}${ends[result.finish]}`
    : '…';
  return [element('div', { class: 'lora-answer' }, text), element('p', { class: 'lora-muted' }, foot)];
}

const ends = {
  repeats: ' · stopped because it repeated itself',
  stop: '',
  length: ' · cut off at the longest answer allowed',
  context: ' · cut at the end of the context',
  cancelled: ' · stopped',
};

/** Whom the router chose, and what in the prompt spoke for or against it. */
function routeView({ weights, abstained, evidence, beyond }: NonNullable<StepAnswer['route']>): HTMLElement {
  const strongest = evidence
    .toSorted((a, b) => Math.abs(b.contribution) - Math.abs(a.contribution))
    .slice(0, mostEvidence)
    .map(({ expert, feature, contribution }) =>
      element(
        'li',
        { class: contribution < 0 ? 'lora-against' : 'lora-for' },
        feature,
        element('span', {}, `${expert} ${contribution < 0 ? '−' : '+'}${Math.abs(contribution).toFixed(2)}`),
      ),
    );
  return element(
    'div',
    { class: 'lora-route' },
    abstained
      ? element('p', {}, 'No expert’s domain was recognised: the base answers alone.')
      : weightBars(weights, 'Routed to'),
    beyond && element('p', {}, beyondText(beyond)),
    strongest.length > 0 && element('ul', { class: 'lora-evidence', 'aria-label': 'Evidence' }, strongest),
  );
}
