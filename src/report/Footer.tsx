import type { Report } from '../protocol/report.ts';
import { bytes, count, dateTime, duration, plural } from '../text/numbers.ts';
import { Facts } from './Facts.tsx';

/** Where, with what and how long. */
export function Footer({ report }: { report: Report }) {
  const { machine, recipe, base, durations } = report;
  const facts: [term: string, text: string][] = [
    [
      'Machine',
      `${machine.platform}, ${machine.cpu}, ${plural(machine.threads, 'thread')}, ${bytes(machine.memoryBytes)}`,
    ],
    ['Versions', `${machine.runtime}, Node ${machine.node.replace(/^v/, '')}, report format ${report.version}`],
    ['Recipe', `${recipe.path}, seed ${recipe.seed}`],
    [
      'Base',
      `${base.name}, ${count(base.parameters)} parameters, ${bytes(base.bytes)}${base.quantization ? `, quantised to ${base.quantization}` : base.answersInInt8 ? ', answers in 8 bits' : ''}`,
    ],
    ['Evaluated', dateTime(report.created)],
    ...(durations.length > 0 ? [['Durations', durationSentence(durations)] satisfies [string, string]] : []),
  ];
  return (
    <footer>
      <h2>Machine and versions</h2>
      <Facts facts={facts} />
    </footer>
  );
}

function durationSentence(durations: Report['durations']): string {
  const parts = durations.map(({ name, seconds }) => `${name} ${duration(seconds)}`);
  const total = durations.reduce((sum, { seconds }) => sum + seconds, 0);
  return `${parts.join(', ')}; ${duration(total)} in all`;
}
