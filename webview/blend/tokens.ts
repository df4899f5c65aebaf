import type { Explanation } from '../../src/protocol/views/blend.ts';
import { significant } from '../../src/text/numbers.ts';
import { element, freshId, replaceContent } from '../components/dom.ts';
import { dataTable, spoken } from '../components/table.ts';

type Token = Explanation['tokens'][number];

/** In nats: below it an expert expects what the base expects. */
const noPull = 0.01;
/** A pull of so many nats or more has the full colour: few tokens are pulled further. */
const fullPull = 3;

/** An answer whose tokens show which expert pulled them, with the figures of the chosen one; `of` is whose it is. Arrow keys choose. */
export function tokenView(of: string, explanation: Explanation, styleOf: (expert: string) => string): HTMLElement {
  const { experts, tokens } = explanation;
  const figures = element('div', { class: 'token-figures' });
  const options = tokens.map((token, i) => {
    const { expert, kl } = pullOf(token);
    const name = experts[expert];
    const option = element(
      'span',
      {
        id: freshId('token'),
        role: 'option',
        class: `token ${name === undefined ? '' : styleOf(name)}`,
        'aria-selected': 'false',
        'aria-label': `${shownText(token.text)}: ${name === undefined ? 'no expert' : `${name}, ${significant(kl)} nats`}`,
        onclick: () => choose(i),
      },
      token.text.replaceAll('\n', '⏎\n'),
    );
    // The root tells small pulls apart, too.
    option.style.setProperty('--pull', String(Math.sqrt(Math.min(1, kl / fullPull))));
    return option;
  });
  let chosen = 0;

  const list = element(
    'div',
    {
      class: 'tokens mono',
      role: 'listbox',
      'aria-label': 'Tokens of the answer',
      'aria-orientation': 'horizontal',
      tabindex: 0,
      onkeydown(event) {
        const steps: Record<string, number> = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };
        const places: Record<string, number> = { Home: 0, End: tokens.length - 1 };
        const to = places[event.key] ?? (event.key in steps ? chosen + steps[event.key]! : undefined);
        if (to === undefined) return;
        event.preventDefault();
        choose(Math.min(tokens.length - 1, Math.max(0, to)));
      },
    },
    options,
  );

  function choose(i: number): void {
    options[chosen]!.setAttribute('aria-selected', 'false');
    chosen = i;
    options[i]!.setAttribute('aria-selected', 'true');
    list.setAttribute('aria-activedescendant', options[i]!.id);
    replaceContent(figures, tokenFigures(of, tokens[i]!, experts));
  }

  const pulls = tokens.map(token => pullOf(token).kl);
  if (tokens.length > 0) choose(pulls.indexOf(pulls.reduce((a, b) => Math.max(a, b))));
  return element(
    'div',
    { class: 'token-view' },
    list,
    legend(explanation, styleOf),
    figures,
    allFigures(of, explanation),
  );
}

/** The expert whose next token is furthest from the base's; none where all expect what the base does. */
function pullOf({ experts }: Token): { expert: number; kl: number } {
  const kl = Math.max(0, ...experts.map(each => each.kl));
  return kl < noPull ? { expert: -1, kl: 0 } : { expert: experts.findIndex(each => each.kl === kl), kl };
}

function legend({ experts, tokens }: Explanation, styleOf: (expert: string) => string): HTMLElement {
  const items = experts.map((name, i) => {
    const pulled = tokens.filter(token => pullOf(token).expert === i).length;
    return element(
      'li',
      { class: styleOf(name) },
      element('span', { class: 'swatch', 'aria-hidden': 'true' }),
      `${name} pulled ${pulled} of ${tokens.length}`,
    );
  });
  return element('ul', { class: 'legend muted' }, items);
}

const columns = () => [
  { head: spoken('model') },
  { head: 'this token', numeric: true },
  { head: 'would say' },
  { head: 'KL to base', numeric: true },
];

function tokenFigures(of: string, token: Token, experts: readonly string[]): HTMLElement {
  const rows = [
    ['base', token.base] as const,
    ...token.experts.map((each, i) => [experts[i]!, each] as const),
    ['blend', token.blend] as const,
  ];
  return dataTable(
    `Token ${shownText(token.text)} of ${of}`,
    columns(),
    rows.map(([name, { probability, top, kl }]) => [
      name,
      `${(probability * 100).toFixed(1)} %`,
      element('code', {}, shownText(top)),
      significant(kl),
    ]),
  );
}

function allFigures(of: string, { experts, tokens }: Explanation): HTMLElement {
  const heads = [
    { head: 'token' },
    ...experts.map(head => ({ head, numeric: true })),
    { head: 'blend', numeric: true },
  ];
  const rows = tokens.map(token => [
    element('code', {}, shownText(token.text)),
    ...[...token.experts, token.blend].map(each => significant(each.kl)),
  ]);
  return element(
    'details',
    {},
    element('summary', {}, 'KL to the base of every token, in nats'),
    dataTable(`KL to the base of every token of ${of}`, heads, rows),
  );
}

/** With white space to be seen. */
function shownText(text: string): string {
  return text.replaceAll('\n', '⏎').replaceAll(' ', '␣') || '∅';
}
