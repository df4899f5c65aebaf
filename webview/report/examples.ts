import type { ReportExample } from '../../src/protocol/report.ts';
import { percent } from '../../src/text/numbers.ts';
import { element, replaceContent } from '../components/dom.ts';
import { note, type ReportPage, type Section } from './page.ts';
import { changeState, state } from './state.ts';

/** Sample answers, right and wrong side by side, by set, system and words. */
export function examplesSection(page: ReportPage): Section | undefined {
  const { examples } = page.shown.report;
  if (examples.length === 0) return undefined;
  const list = element('div', { class: 'columns answers' });
  const found = element('p', { class: 'muted', role: 'status' });
  const chosen = { ...state.examples };

  function show(): void {
    const words = chosen.search.trim().toLowerCase();
    const fitting = examples.filter(
      ({ set, system, prompt, expected, got }) =>
        (!chosen.set || set === chosen.set) &&
        (!chosen.system || system === chosen.system) &&
        [prompt, expected, got].some(text => text.toLowerCase().includes(words)),
    );
    found.textContent = `${fitting.length} of ${examples.length} shown; a few answers of each kind, not a sample in proportion.`;
    replaceContent(
      list,
      answers(
        '✓ Right',
        'right',
        fitting.filter(({ correct }) => correct),
      ),
      answers(
        '✗ Wrong',
        'wrong',
        fitting.filter(({ correct }) => !correct),
      ),
    );
  }

  function change(key: keyof typeof chosen): (event: Event) => void {
    return event => {
      chosen[key] = (event.target as HTMLInputElement).value;
      changeState({ examples: { ...chosen } });
      show();
    };
  }

  show();
  return {
    id: 'examples',
    heading: 'Examples',
    content: [
      element(
        'div',
        { class: 'row filters', role: 'search', 'aria-label': 'Examples' },
        choice(
          'Set',
          examples.map(e => e.set),
          chosen.set,
          change('set'),
        ),
        choice(
          'System',
          examples.map(e => e.system),
          chosen.system,
          change('system'),
        ),
        element(
          'vscode-text-field',
          { value: chosen.search, placeholder: 'Words in prompt or answer', oninput: change('search') },
          'Search',
        ),
      ),
      found,
      list,
    ],
  };
}

/** A drop-down of what there is; its first entry is everything. */
function choice(name: string, values: readonly string[], value: string, onchange: (event: Event) => void): HTMLElement {
  const there = [...new Set(values)];
  const id = `choose-${name.toLowerCase()}`;
  const options = ['', ...there].map(option =>
    element('vscode-option', { value: option, selected: option === value }, option || 'all'),
  );
  return element(
    'div',
    { class: 'field' },
    // The control has its name by itself: a label does not reach into it.
    element('span', { 'aria-hidden': 'true' }, name),
    element('vscode-dropdown', { id, 'aria-label': name, onchange }, ...options),
  );
}

function answers(heading: string, kind: string, examples: readonly ReportExample[]): HTMLElement {
  return element(
    'div',
    { class: kind },
    element('h3', {}, `${heading} (${examples.length})`),
    examples.length > 0 ? examples.map(answer) : note('None among these.'),
  );
}

function answer({ set, system, prompt, expected, got, correct, route }: ReportExample): HTMLElement {
  const says = (term: string, text: string, style = '') => [
    element('dt', {}, term),
    element('dd', { class: `mono ${style}` }, text === '' ? element('em', {}, '(nothing)') : text),
  ];
  return element(
    'article',
    {},
    element(
      'dl',
      {},
      says('prompt', prompt),
      !(correct && expected.trim() === got.trim()) && says('expected', expected),
      says('got', got, 'got'),
    ),
    element('p', { class: 'muted' }, `${set} · ${system}${routeText(route)}`),
  );
}

function routeText(route: Record<string, number> | undefined): string {
  if (!route) return '';
  const parts = Object.entries(route)
    .filter(([, weight]) => Math.abs(weight) >= 0.005)
    .sort(([, a], [, b]) => b - a)
    .map(([expert, weight]) => `${expert} ${percent(weight)}`);
  return ` → ${parts.join(' · ') || 'base'}`;
}
