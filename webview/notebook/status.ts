import type { TrainOutput } from '../../src/protocol/notebookOutput.ts';
import { element, svg } from '../components/dom.ts';
import { stateShapes } from '../components/icons.ts';

/** A mark beside the words that say the same. */
export function stateMark(state: TrainOutput['state']): SVGElement {
  return svg(
    'svg',
    { viewBox: '0 0 16 16', class: `lora-mark lora-${state}`, 'aria-hidden': 'true' },
    svg('path', { d: stateShapes[state], fill: 'none', stroke: 'currentColor', 'stroke-width': 2 }),
  );
}

/** Without a total it says only that something goes on. */
export function progressBar(label: string, done: number, total: number): HTMLElement {
  const bar = element('progress', { 'aria-label': label, max: total || 1, ...(total > 0 && { value: done }) });
  return element('div', { class: 'lora-progress' }, bar);
}
