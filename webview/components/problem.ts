import { WorkbenchError } from '../../src/protocol/errors.ts';
import { type Attributes, element } from './dom.ts';

/** What went wrong and what to do about it, to be shown in the place of what was asked for. */
export function problemBox(error: unknown): HTMLElement {
  return box(error, { role: 'alert' });
}

/** As `problemBox`, within what screen readers read by itself when it changes: they would read it twice. */
export function problemNote(error: unknown): HTMLElement {
  return box(error, {});
}

/** In the place of a whole view. */
export function failedView(title: string, error: unknown): HTMLElement[] {
  return [element('h1', {}, title), problemBox(error)];
}

function box(error: unknown, attributes: Attributes): HTMLElement {
  const text = error instanceof Error ? error.message : String(error);
  const hint = error instanceof WorkbenchError ? error.hint : undefined;
  return element(
    'div',
    { class: 'problem', ...attributes },
    element('p', {}, text),
    hint && element('p', { class: 'muted' }, hint),
  );
}
