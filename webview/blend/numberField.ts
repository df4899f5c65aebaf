import { element } from '../components/dom.ts';

/** A number with its name; undefined where it is empty or out of its range. */
export function numberField(
  name: string,
  attributes: { min: number; max: number; step: number; value?: number; placeholder?: string },
  change: (value: number | undefined) => void,
): HTMLElement {
  const input = element('input', {
    type: 'number',
    class: 'number-field',
    ...attributes,
    onchange() {
      change(input.value !== '' && input.checkValidity() ? input.valueAsNumber : undefined);
    },
  });
  return element('label', { class: 'field' }, name, input);
}
