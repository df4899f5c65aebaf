import type { Report } from '../../src/protocol/report.ts';
import { bytes, count, duration, plural } from '../../src/text/numbers.ts';
import { element } from '../components/dom.ts';

/** Where, with what and how long. */
export function footer({ machine, recipe, base, durations }: Report): HTMLElement {
  const quantised = base.quantization ? `, quantised to ${base.quantization}` : '';
  const facts: [string, string][] = [
    [
      'Machine',
      `${machine.platform}, ${machine.cpu}, ${plural(machine.threads, 'thread')}, ${bytes(machine.memoryBytes)}`,
    ],
    ['Versions', `${machine.runtime}, Node ${machine.node.replace(/^v/, '')}`],
    ['Recipe', `${recipe.path}, seed ${recipe.seed}`],
    ['Base', `${base.name}, ${count(base.parameters)} parameters, ${bytes(base.bytes)}${quantised}`],
    ['Base hash', base.hashBefore === base.hashAfter ? base.hashAfter : `${base.hashBefore} → ${base.hashAfter}`],
    ['Durations', durations.map(({ name, seconds }) => `${name} ${duration(seconds)}`).join(', ') || '–'],
  ];
  return element(
    'footer',
    {},
    element('h2', {}, 'Machine and versions'),
    element(
      'dl',
      {},
      facts.map(([term, text]) => [element('dt', {}, term), element('dd', {}, text)]),
    ),
  );
}
