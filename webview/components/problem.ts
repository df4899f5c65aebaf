import { WorkbenchError } from '../../src/protocol/errors.ts';
import { element } from './dom.ts';

/** What went wrong and what to do about it, to be shown in the place of what was asked for. */
export function problemBox(error: unknown): HTMLElement {
  const text = error instanceof Error ? error.message : String(error);
  const hint = error instanceof WorkbenchError ? error.hint : undefined;
  return element(
    'div',
    { class: 'problem', role: 'alert' },
    element('p', {}, text),
    hint && element('p', { class: 'muted' }, hint),
  );
}
