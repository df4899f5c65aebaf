import { svg } from '../components/dom.ts';

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

function icon(...parts: SVGElement[]): SVGSVGElement {
  return svg('svg', { viewBox: '0 0 16 16', width: 16, height: 16, 'aria-hidden': 'true', class: 'icon' }, ...parts);
}
