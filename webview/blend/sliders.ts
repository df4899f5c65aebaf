import type { Weights } from '../../src/protocol/target.ts';
import type { LabExpert } from '../../src/protocol/views/blend.ts';
import { element, replaceContent } from '../components/dom.ts';
import { lockIcon } from '../components/icons.ts';
import { sliderRange, type WeightRules } from './weights.ts';

interface SlidersOptions {
  /** Of whose weights: for screen readers. */
  blend: string;
  experts: readonly LabExpert[];
  styleOf(expert: string): string;
  move(expert: string, weight: number): void;
  lock(expert: string, isLocked: boolean): void;
}

interface Sliders {
  element: HTMLElement;
  show(weights: Weights, locked: ReadonlySet<string>, rules: WeightRules): void;
}

/** A slider, a number and a lock for each expert. They stay the same elements, so that a slider under the hand goes on. */
export function weightSliders({ blend, experts, styleOf, move, lock }: SlidersOptions): Sliders {
  const rows = experts.map(({ name, description, isTrained }) => {
    const disabled = !isTrained;
    const moved = (event: Event) => {
      const { valueAsNumber } = event.target as HTMLInputElement;
      if (Number.isFinite(valueAsNumber)) move(name, valueAsNumber);
    };
    const label = `${name} in blend ${blend}`;
    const slider = element('input', { type: 'range', step: 0.01, 'aria-label': label, disabled, oninput: moved });
    // A number is taken when it is whole: '0.' on the way to '0.5' is none.
    const number = element('input', {
      type: 'number',
      step: 0.05,
      class: 'number-field',
      'aria-label': `${label}, as a number`,
      disabled,
      onchange: moved,
    });
    const locking = element(
      'button',
      {
        class: 'icon-button',
        type: 'button',
        disabled,
        'aria-label': `Lock ${label}`,
        title: 'Lock: stays as it is while others move',
        onclick: () => lock(name, locking.getAttribute('aria-pressed') !== 'true'),
      },
      lockIcon(false),
    );
    const row = element(
      'li',
      { class: `slider ${styleOf(name)}`, title: description ?? '' },
      element('span', { class: 'swatch', 'aria-hidden': 'true' }),
      element('span', { class: 'name' }, name, disabled && element('span', { class: 'muted' }, ' (not trained)')),
      slider,
      number,
      locking,
    );
    return { name, row, slider, number, locking };
  });

  return {
    element: element(
      'ul',
      { class: 'sliders' },
      rows.map(({ row }) => row),
    ),
    show(weights, locked, rules) {
      const { min, max } = sliderRange(weights, rules);
      for (const { name, slider, number, locking } of rows) {
        const weight = weights[name] ?? 0;
        const isLocked = locked.has(name);
        Object.assign(slider, { min: String(min), max: String(max), value: String(weight) });
        slider.setAttribute('aria-valuetext', weight.toFixed(2));
        number.value = weight.toFixed(2);
        locking.setAttribute('aria-pressed', String(isLocked));
        replaceContent(locking, lockIcon(isLocked));
      }
    },
  };
}
