import type { Decoding, Lab } from '../../src/protocol/views/blend.ts';
import { element } from '../components/dom.ts';
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

/** In the place of the lab where there is nothing to blend. */
export function nothingTrained({ recipe }: Lab): HTMLElement {
  return element(
    'div',
    { class: 'empty' },
    element('h1', {}, 'No trained experts to blend'),
    element('p', {}, `None of the experts of ${recipe} is trained. Train them with “Train Experts…”.`),
  );
}
