import type { RouteResult } from '../../src/protocol/route.ts';
import type { Decoding, Lab } from '../../src/protocol/views/blend.ts';
import { significant, weightList } from '../../src/text/numbers.ts';
import { beyondText } from '../../src/text/route.ts';
import { type Child, element, replaceContent, setText } from '../components/dom.ts';
import { evidenceSpans, hasPlace } from './evidenceSpans.ts';
import { numberField } from './numberField.ts';
import { changeState, state } from './state.ts';

interface PromptOptions {
  lab: Lab;
  /** What is shown below the prompt: its route. */
  below: HTMLElement;
  promptChanged(): void;
  decodingChanged(): void;
  stop(): void;
}

/** What all blends are asked, and how their answers are decoded. */
export function promptSection({ lab, below, promptChanged, decodingChanged, stop }: PromptOptions): HTMLElement {
  const decoding = () => state.decoding ?? lab.decoding;
  const field = (name: string, key: keyof Decoding, limits: { min: number; max: number; step: number }) =>
    numberField(name, { ...limits, value: decoding()[key] }, value => {
      changeState({ decoding: { ...decoding(), [key]: value ?? lab.decoding[key] } });
      decodingChanged();
    });
  const prompt = element(
    'vscode-text-area',
    {
      id: 'prompt',
      class: 'prompt',
      rows: 3,
      resize: 'vertical',
      value: state.prompt,
      placeholder: 'What the blends are asked',
      oninput: event => {
        changeState({ prompt: (event.target as HTMLTextAreaElement).value });
        promptChanged();
      },
    },
    'Prompt',
  );
  return element(
    'section',
    { 'aria-label': 'Prompt' },
    prompt,
    below,
    element(
      'div',
      { class: 'row decoding' },
      field('Seed', 'seed', { min: 0, max: 2 ** 32 - 1, step: 1 }),
      field('Temperature', 'temperature', { min: 0, max: 10, step: 0.1 }),
      field('Longest answer', 'maxTokens', { min: 1, max: 4096, step: 1 }),
      element('vscode-button', { appearance: 'secondary', onclick: stop }, 'Stop'),
    ),
  );
}

interface RouteView {
  element: HTMLElement;
  show(
    prompt: string,
    route: RouteResult,
    styleOf: (expert: string) => string,
    demonstration: string | undefined,
  ): void;
  clear(): void;
}

/** What the router makes of a prompt: whom it would choose, which screen readers are told, and what in the prompt says so. */
export function routeView(): RouteView {
  const chosen = element('p', { role: 'status' });
  const reasons = element('div', {});
  const whole = element('div', { class: 'route', hidden: true }, chosen, reasons);
  return {
    element: whole,
    show(prompt, route, styleOf, demonstration) {
      whole.hidden = false;
      setText(
        chosen,
        route.abstained
          ? 'The router recognises no expert’s domain: the base alone.'
          : `Router: ${weightList(route.weights)}`,
      );
      replaceContent(reasons, reasonsOf(prompt, route, styleOf, demonstration));
    },
    clear() {
      whole.hidden = true;
      setText(chosen, undefined);
      replaceContent(reasons);
    },
  };
}

function reasonsOf(
  prompt: string,
  route: RouteResult,
  styleOf: (expert: string) => string,
  demonstration: string | undefined,
): Child[] {
  const { abstained, evidence, beyond } = route;
  const strongest = evidence.reduce((most, { contribution }) => Math.max(most, Math.abs(contribution)), 0);
  const marks = evidenceSpans(prompt, evidence).map(({ text, expert, contribution }) => {
    if (expert === undefined) return text;
    const mark = element(
      'mark',
      { class: `token ${styleOf(expert)}`, title: `${expert} ${signed(contribution)}` },
      text,
    );
    mark.style.setProperty('--pull', String(Math.min(1, Math.abs(contribution) / strongest)));
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
        `${expert} ${signed(contribution)}${hasPlace(feature, prompt) ? '' : ', of the whole prompt'}`,
      ),
    ),
  );
  return [
    beyond && element('p', {}, beyondText(beyond)),
    abstained && element('p', {}, demonstration),
    element('p', { class: 'routed-prompt mono' }, marks),
    items.length > 0 &&
      element('details', {}, element('summary', {}, 'What the router saw'), element('ul', { class: 'legend' }, items)),
  ];
}

/** What speaks against an expert has a minus sign. */
function signed(contribution: number): string {
  return `${contribution < 0 ? '−' : '+'}${significant(Math.abs(contribution))}`;
}
