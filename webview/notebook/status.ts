import type { TrainOutput } from '../../src/protocol/notebookOutput.ts';
import { element, svg } from '../components/dom.ts';

/** A mark beside the words that say the same. */
export function stateMark(state: TrainOutput['state']): SVGElement {
  const shapes: Record<TrainOutput['state'], string> = {
    running: 'M8 2a6 6 0 1 1-6 6',
    done: 'M3 8.5l3.5 3.5L13 4.5',
    paused: 'M5 3v10M11 3v10',
    stopped: 'M4 4h8v8H4z',
    interrupted: 'M8 3v6M8 11v2',
    failed: 'M4 4l8 8M12 4l-8 8',
  };
  return svg(
    'svg',
    { viewBox: '0 0 16 16', class: `lora-mark lora-${state}`, 'aria-hidden': 'true' },
    svg('path', { d: shapes[state], fill: 'none', stroke: 'currentColor', 'stroke-width': 2 }),
  );
}

/** Without a total it says only that something goes on. */
export function progressBar(label: string, done: number, total: number): HTMLElement {
  const bar = element('progress', { 'aria-label': label, max: total || 1, ...(total > 0 && { value: done }) });
  return element('div', { class: 'lora-progress' }, bar);
}
