import type { Report } from '../protocol/report.ts';
import { bytes, count, dateTime, duration, plural } from '../text/numbers.ts';
import { type Content, html, type Markup } from './html.ts';

/** Where, with what and how long. */
export function footer(report: Report): Markup {
  const { machine, recipe, base, durations } = report;
  const total = durations.reduce((sum, { seconds }) => sum + seconds, 0);
  const facts: [string, Content][] = [
    [
      'Machine',
      `${machine.platform}, ${machine.cpu}, ${plural(machine.threads, 'thread')}, ${bytes(machine.memoryBytes)}`,
    ],
    ['Versions', `${machine.runtime}, Node ${machine.node.replace(/^v/, '')}, report format ${report.version}`],
    ['Recipe', `${recipe.path}, seed ${recipe.seed}`],
    [
      'Base',
      `${base.name}, ${count(base.parameters)} parameters, ${bytes(base.bytes)}${base.quantization ? `, quantised to ${base.quantization}` : ''}`,
    ],
    ['Evaluated', dateTime(report.created)],
    ...durationFact(durations, total),
  ];
  return html`<footer><h2>Machine and versions</h2>
<dl>${facts.map(
    ([term, value]) => html`<div><dt>${term}</dt><dd>${value}</dd></div>
`,
  )}</dl></footer>`;
}

function durationFact(durations: Report['durations'], total: number): [string, Content][] {
  if (durations.length === 0) return [];
  const parts = durations.map(({ name, seconds }) => `${name} ${duration(seconds)}`);
  return [['Durations', `${parts.join(', ')}; ${duration(total)} in all`]];
}
