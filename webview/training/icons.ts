import { svg } from '../components/dom.ts';

function icon(...paths: string[]): SVGElement {
  return svg(
    'svg',
    { viewBox: '0 0 16 16', width: 16, height: 16, class: 'icon', 'aria-hidden': 'true' },
    paths.map(d => svg('path', { d })),
  );
}

export function resetIcon(): SVGElement {
  return icon('M3 2.5v4h4', 'M3.3 6.3a5.3 5.3 0 1 1-.6 3.4');
}

const states: Record<string, string> = {
  running: 'M8 2.5a5.5 5.5 0 1 1-5.5 5.5',
  paused: 'M5.5 3.5v9M10.5 3.5v9',
  stopped: 'M4 4h8v8H4z',
  interrupted: 'M8 3v6.5M8 11.5v1.5',
  done: 'M3 8.5l3.5 3.5L13 4.5',
  failed: 'M4 4l8 8M12 4l-8 8',
};

/** A mark beside the words that say the same. */
export function stateIcon(state: string): SVGElement {
  const mark = icon(states[state] ?? '');
  mark.classList.add(`state-${state}`);
  return mark;
}
