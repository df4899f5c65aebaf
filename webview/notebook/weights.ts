import { element } from '../components/dom.ts';

/** Weights of experts as bars, the largest first; negative ones are said in words and drawn as they are large. */
export function weightBars(weights: Record<string, number>, label = 'Answered by'): HTMLElement {
  const entries = Object.entries(weights).toSorted((a, b) => b[1] - a[1]);
  const largest = Math.max(1, ...entries.map(([, weight]) => Math.abs(weight)));
  const bars = entries.map(([expert, weight]) => {
    const bar = element('span', { class: weight < 0 ? 'lora-bar lora-negative' : 'lora-bar', 'aria-hidden': 'true' });
    bar.style.setProperty('--share', String(Math.abs(weight) / largest));
    return element('li', {}, element('span', {}, expert), bar, element('span', {}, weight.toFixed(2)));
  });
  return element(
    'div',
    { class: 'lora-weights' },
    element('span', { class: 'lora-muted' }, label),
    bars.length > 0 ? element('ul', {}, bars) : element('span', {}, 'the base alone'),
  );
}
