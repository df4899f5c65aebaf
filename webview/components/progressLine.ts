import { element } from './dom.ts';

/**
 * How far something is: a bar beside its words. Not in what screen readers read by itself, as it changes all the time:
 * they read it where somebody comes by, and a status beside it says when the whole begins and ends.
 */
export function progressLine(label: string, text: string, done: number, total: number): HTMLElement {
  const bar = element('progress', {
    'aria-label': label,
    'aria-valuetext': text,
    ...(total > 0 && { max: total, value: done }),
  });
  return element('p', { class: 'progress-line' }, bar, ` ${text}`);
}
