import type { ShownReport } from '../../src/protocol/views/report.ts';
import { count, dateTime, interval, magnitude, percent, plural, points } from '../../src/text/numbers.ts';
import { type Child, element } from '../components/dom.ts';
import type { Section } from './page.ts';

/** What is asked of the view as a whole. */
export interface HeaderActions {
  compare(): void;
  stopComparing(): void;
  /** Shows the sections of another of the reports. */
  show(path: string): void;
  save(format: 'html' | 'markdown' | 'json'): void;
}

/** Title, what can be done, and the three figures that answer: is it good, was anything forgotten, what does it cost. */
export function header(shown: ShownReport, reports: readonly ShownReport[], actions: HeaderActions): HTMLElement {
  const { base, experts, recipe, created } = shown.report;
  const about = `${base.name} (${magnitude(base.parameters)} parameters) · ${plural(experts.length, 'expert')} · ${recipe.path} · ${dateTime(created)}`;
  return element(
    'header',
    {},
    element('div', { class: 'title' }, element('h1', {}, recipe.name), toolbar(shown, reports, actions)),
    element('p', { class: 'muted' }, about),
    element('dl', { class: 'headline' }, accuracyFigure(shown), forgettingFigure(shown), storageFigure(shown)),
  );
}

function toolbar(shown: ShownReport, reports: readonly ShownReport[], actions: HeaderActions): HTMLElement {
  const button = (text: string, onclick: () => void, appearance = 'secondary') =>
    element('vscode-button', { appearance, onclick }, text);
  const several = reports.length > 1;
  return element(
    'div',
    { class: 'row', role: 'toolbar', 'aria-label': 'Report' },
    several && reportChoice(shown, reports, actions.show),
    button(several ? 'Compare with more…' : 'Compare with…', actions.compare, 'primary'),
    several && button('Stop comparing', actions.stopComparing),
    button('Save HTML', () => actions.save('html')),
    button('Save Markdown', () => actions.save('markdown')),
    button('Save JSON', () => actions.save('json')),
  );
}

function reportChoice(shown: ShownReport, reports: readonly ShownReport[], show: (path: string) => void): HTMLElement {
  const options = reports.map(({ path, label }) =>
    element('vscode-option', { value: path, selected: path === shown.path }, label),
  );
  const onchange = (event: Event) => show((event.target as HTMLSelectElement).value);
  return element(
    'vscode-dropdown',
    { id: 'shown', 'aria-label': 'Report whose details are shown', onchange },
    ...options,
  );
}

function figure(name: string, value: string, unit: string, below: Child, style = ''): HTMLElement {
  return element(
    'div',
    { class: style },
    element('dt', {}, name),
    element(
      'dd',
      {},
      element('strong', {}, value, element('span', { class: 'unit' }, unit)),
      element('span', {}, below),
    ),
  );
}

function accuracyFigure({ headline }: ShownReport): Child {
  if (!headline) return undefined;
  const { label, accuracy, base, asked } = headline;
  const beside = base ? `; the base alone ${percent(base.accuracy)}` : '';
  return figure(label, points(accuracy.accuracy), ' %', `95 % interval ${interval(accuracy)}${beside}; ${asked}`);
}

function forgettingFigure({ forgetting, report }: ShownReport): Child {
  const { answersLost, nothingForgotten, proof } = forgetting;
  const text = `${nothingForgotten ? '✓' : '⚠'} ${proof} (${count(report.forgetting.probeTokens)} probe tokens)`;
  const unit = answersLost === 1 ? ' answer' : ' answers';
  return figure('forgotten by the experts', count(answersLost), unit, text, nothingForgotten ? 'proved' : 'warning');
}

function storageFigure({ storage }: ShownReport): Child {
  return figure('storage against full models', storage.figure, ` ${storage.unit}`, storage.sentence);
}

export function contents(sections: readonly Section[]): HTMLElement {
  const links = sections.map(({ id, heading }) => element('li', {}, element('a', { href: `#${id}` }, heading)));
  return element('nav', { 'aria-label': 'Contents' }, element('ul', {}, ...links));
}
