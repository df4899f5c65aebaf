import type { LabRoute } from '../../src/protocol/views/blend.ts';
import { significant, weightList } from '../../src/text/numbers.ts';
import { element } from '../components/dom.ts';
import { evidenceSpans, hasPlace } from './evidenceSpans.ts';

/** What the router makes of a prompt: whom it would choose, and what in the prompt says so. */
export function routeView(prompt: string, route: LabRoute, styleOf: (expert: string) => string): HTMLElement {
  const { weights, abstained, evidence } = route;
  const strongest = Math.max(0, ...evidence.map(({ contribution }) => contribution));
  const marks = evidenceSpans(prompt, evidence).map(({ text, expert, contribution }) => {
    if (expert === undefined) return text;
    const mark = element(
      'mark',
      { class: `token ${styleOf(expert)}`, title: `${expert} +${significant(contribution)}` },
      text,
    );
    mark.style.setProperty('--pull', String(Math.min(1, contribution / strongest)));
    return mark;
  });
  const items = evidence.map(({ expert, feature, contribution }) =>
    element(
      'li',
      { class: styleOf(expert) },
      element('span', { class: 'swatch', 'aria-hidden': 'true' }),
      `${feature} `,
      element(
        'span',
        { class: 'muted' },
        `${expert} +${significant(contribution)}${hasPlace(feature, prompt) ? '' : ', of the whole prompt'}`,
      ),
    ),
  );
  return element(
    'div',
    { class: 'route' },
    element(
      'p',
      {},
      abstained ? 'The router recognises no expert’s domain: the base alone.' : `Router: ${weightList(weights)}`,
    ),
    element('p', { class: 'routed-prompt mono' }, marks),
    items.length > 0 &&
      element('details', {}, element('summary', {}, 'What the router saw'), element('ul', { class: 'legend' }, items)),
  );
}
