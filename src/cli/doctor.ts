import type { DoctorResult } from '../shared/engineApi.ts';
import { megabytes } from './format.ts';
import { columns } from './help.ts';
import type { Verb } from './verb.ts';

export const doctorVerb: Verb = {
  name: 'doctor',
  summary: 'Devices, versions, memory, and what is missing.',
  usage: [''],
  options: {},
  positionals: [0, 0],
  examples: ['', '--json'],

  async run({ terminal, json, engine }) {
    const result = await engine.request('doctor', {});
    if (json) terminal.print(JSON.stringify(result));
    else for (const line of doctorLines(result)) terminal.print(line);
    return result.problems.length === 0 ? 0 : 1;
  },
};

function doctorLines(r: DoctorResult): string[] {
  const bundled = r.backends.filter(b => b.bundled).map(b => b.name);
  const others = r.backends.filter(b => !b.bundled).map(b => b.name);
  const base = r.embeddedBase;
  return [
    ...columns([
      ['node', r.node],
      ['runtime', r.runtime],
      ['platform', r.platform],
      ['processor', `${r.cpu}, ${r.cores} usable, ${r.threads} threads for the runtime`],
      ['memory', `${megabytes(r.freeMemoryBytes)} free of ${megabytes(r.memoryBytes)}`],
      ['devices', `${bundled.join(', ')}${others.length > 0 ? ` (not installed: ${others.join(', ')})` : ''}`],
      ['base', base ? `${base.folder}, ${(base.parameters / 1e6).toFixed(1)} M parameters` : 'missing'],
    ]),
    ...(r.problems.length > 0 ? r.problems.map(p => `problem: ${p}`) : ['nothing is missing']),
  ];
}
