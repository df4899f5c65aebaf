import { resolve } from 'node:path';
import type { DoctorResult, EnginesResult } from '../../protocol/engine/doctor.ts';
import { megabytes } from '../console/format.ts';
import { columns } from '../console/help.ts';
import type { Verb } from '../console/verb.ts';

export const doctorVerb: Verb = {
  name: 'doctor',
  summary: 'Devices, versions, memory, and what is missing; with a recipe, whether its engines elsewhere are there.',
  usage: ['[RECIPE] [--probe]'],
  options: { probe: { description: 'try the devices anew, whatever was found of them before' } },
  positionals: [0, 1],
  examples: ['', '--probe', 'my.lora.json --json'],

  async run({ args, terminal, json, engine }) {
    const result = await engine.request('doctor', { probe: args.flag('probe') });
    const [recipe] = args.positionals;
    const elsewhere = recipe === undefined ? undefined : await engine.request('engines', { recipe: resolve(recipe) });
    if (json) terminal.printJson({ ...result, ...(elsewhere && { elsewhere }) });
    else
      for (const line of [...(elsewhere ? engineLines(elsewhere) : []), ...doctorLines(result)]) terminal.print(line);
    const isAllThere = elsewhere?.engines.every(({ isThere }) => isThere) ?? true;
    return result.problems.length === 0 && isAllThere ? 0 : 1;
  },
};

function engineLines({ answering, engines }: EnginesResult): string[] {
  return columns([
    ['answering', answering === 'local' ? 'this machine' : `the engine '${answering}'`],
    ...engines.map(({ name, kind, url, isThere, message }): [string, string] => [
      name,
      `${kind} at ${url}: ${isThere ? '' : 'problem: '}${message}`,
    ]),
  ]);
}

const verdictText: Record<DoctorResult['device']['verdicts'][number]['state'], string> = {
  works: 'works',
  slow: 'works, but not for speed',
  failed: 'cannot be used',
  broken: 'is not used any more',
};

const int8Text: Record<DoctorResult['int8'], string> = {
  fast: 'fast: trainings use them',
  slow: 'no faster than those in F32, which trainings use',
  inexact: 'not exact on this processor: trainings use F32',
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
      ['8-bit products', int8Text[r.int8]],
      ['memory', `${megabytes(r.freeMemoryBytes)} free of ${megabytes(r.memoryBytes)}`],
      ['backends', `${bundled.join(', ')}${others.length > 0 ? ` (not installed: ${others.join(', ')})` : ''}`],
      ['device', `${r.device.used}: ${r.device.reason}`],
      ...r.device.verdicts.map((v): [string, string] => [
        '',
        `${v.device} ${verdictText[v.state]}: ${v.reason}${v.halfFloats ? '; it has half floats' : ''}`,
      ]),
      ['base', base ? `${base.folder}, ${(base.parameters / 1e6).toFixed(1)} M parameters` : 'missing'],
    ]),
    ...(r.problems.length > 0 ? r.problems.map(p => `problem: ${p}`) : ['nothing is missing']),
  ];
}
