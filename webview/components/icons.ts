import type { RunState } from '../../src/protocol/runState.ts';
import { svg } from './dom.ts';

/** A drawing of 16 by 16 in the colour of the text around it. What it means, its button or the words beside it say. */
function icon(...parts: SVGElement[]): SVGSVGElement {
  return svg('svg', { viewBox: '0 0 16 16', width: 16, height: 16, class: 'icon', 'aria-hidden': 'true' }, ...parts);
}

/** A padlock, open or shut. */
export function lockIcon(isShut: boolean): SVGSVGElement {
  const bow = isShut ? 'M5 7.5V5a3 3 0 0 1 6 0v2.5' : 'M5 7.5V4.5a3 3 0 0 1 5.8-1';
  return icon(
    svg('path', { d: bow }),
    svg('rect', { x: 3.5, y: 7.5, width: 9, height: 6, rx: 1, class: isShut ? 'filled' : undefined }),
  );
}

export function closeIcon(): SVGSVGElement {
  return icon(svg('path', { d: 'M4 4l8 8M12 4l-8 8' }));
}

export function resetIcon(): SVGSVGElement {
  return icon(svg('path', { d: 'M3 2.5v4h4M3.3 6.3a5.3 5.3 0 1 1-.6 3.4' }));
}

/** How a run stands, as the path of a line in 16 by 16. */
export const stateShapes: Record<RunState, string> = {
  running: 'M8 2.5a5.5 5.5 0 1 1-5.5 5.5',
  paused: 'M5.5 3.5v9M10.5 3.5v9',
  stopped: 'M4 4h8v8H4z',
  interrupted: 'M8 3v6.5M8 11.5v1.5',
  done: 'M3 8.5l3.5 3.5L13 4.5',
  failed: 'M4 4l8 8M12 4l-8 8',
};

/** A mark beside the words that say the same. */
export function stateIcon(state: RunState): SVGSVGElement {
  const mark = icon(svg('path', { d: stateShapes[state] }));
  mark.classList.add(`state-${state}`);
  return mark;
}
