import { resolve } from 'node:path';
import { sweepSteps } from '../../nn/train/sweepGrid.ts';
import type { EngineProgress } from '../../protocol/engine/engineApi.ts';
import type { SweepEvent } from '../../protocol/sweep.ts';
import { lossText, sweepText } from '../../report/sweepFindings.ts';
import { bytes, count, plural } from '../../text/numbers.ts';
import { duration, megabytes, progressLine } from '../console/format.ts';
import type { Terminal } from '../console/terminal.ts';
import type { Verb } from '../console/verb.ts';

export const sweepVerb: Verb = {
  name: 'sweep',
  summary: 'Compares learning rates and ranks for an expert by short trainings; nothing of the recipe is changed.',
  usage: [
    'RECIPE [--expert NAME] [--rates R,R…] [--ranks N,N…] [--steps N]',
    'RECIPE … --on ssh:HOST|ray:ADDRESS [--python COMMAND]',
  ],
  options: {
    expert: { value: 'NAME', description: 'the expert that is trained (default: the first)' },
    rates: {
      value: 'R',
      list: 'names',
      description: "learning rates (default: five, each twice the one before, around what 'auto' takes on the base)",
    },
    ranks: { value: 'N', list: 'names', description: "ranks (default: the recipe's)" },
    steps: { value: 'N', description: `optimiser steps of each training (default: ${sweepSteps})` },
    on: { value: 'PLACE', description: 'train them on another machine, or all at once on a Ray cluster (see train)' },
    python: { value: 'COMMAND', description: 'of --on: what runs the script there' },
  },
  positionals: [1, 1],
  examples: [
    'examples/experts/experts.lora.json',
    'my.lora.json --expert math --rates 3e-4,1e-3,3e-3 --ranks 8,32',
    'my.lora.json --steps 100 --json',
    'my.lora.json --on ray:head:8265',
  ],

  async run({ args, terminal, json, engine }) {
    const recipe = args.positionals[0]!;
    const request = {
      recipe: resolve(recipe),
      expert: args.text('expert'),
      rates: args.numbers('rates'),
      ranks: args.numbers('ranks'),
      steps: args.number('steps'),
    };
    const failed: SweepEvent[] = [];
    const onProgress = (told: EngineProgress<'sweep'>) => {
      if (told.kind === 'event' && told.event.type === 'failed') failed.push(told.event);
      if (json) {
        if (told.kind === 'event') terminal.printJson(told.event);
      } else if (told.kind === 'event') show(told.event, terminal);
      else terminal.progress(told.total > 0 ? progressLine(told) : told.message);
    };
    const place = args.text('on');
    const on =
      place === undefined ? undefined : { place, ...(args.given('python') && { python: args.text('python')! }) };
    const { finished, sweep, dataPath, pagePath } = on
      ? await engine.request('sweepElsewhere', { ...request, on }, { onProgress })
      : await engine.request('sweep', request, { onProgress });
    if (json) terminal.printJson({ type: 'swept', finished, sweep, dataPath, pagePath });
    else if (sweep.points.length > 0) {
      for (const line of sweepText(sweep).split('\n')) terminal.print(line);
      terminal.print(pagePath);
    }
    if (finished) return 0;
    terminal.note('Go on with the same command.');
    return failed.length > 0 ? 1 : 130;
  },
};

function show(event: SweepEvent, terminal: Terminal): void {
  if (event.type === 'planned') for (const line of plannedLines(event)) terminal.note(line);
  else if (event.type === 'step') terminal.progress(stepLine(event));
  else if (event.type === 'point')
    terminal.note(`point ${event.point}/${event.points}: ${placeText(event)}: validation loss ${lossText(event)}`);
  else if (event.type === 'failed') terminal.note(`${placeText(event)} has failed: ${event.message}`);
  else terminal.note(`stopped: ${event.done} of ${plural(event.points, 'point')} are done and on disk`);
}

function plannedLines(p: Extract<SweepEvent, { type: 'planned' }>): string[] {
  const grid = `${plural(p.rates.length, 'learning rate')} × ${plural(p.ranks.length, 'rank')}`;
  const aside = p.isSetAside ? ', set aside from the training data' : '';
  const left = p.points - p.done;
  return [
    `${p.expert}: ${grid}, ${plural(p.steps, 'step')} each on ${plural(p.trainExamples, 'example')}; ${plural(p.validationExamples, 'example')} for validation${aside}`,
    ...(p.done > 0 ? [`${count(p.done)} of ${plural(p.points, 'point')} were done before`] : []),
    ...(left > 0 && p.seconds !== undefined && p.totalBytes !== undefined
      ? [`about ${duration(p.seconds)} for ${plural(left, 'point')}, ${bytes(p.totalBytes)} of memory`]
      : []),
    ...p.notes.map(note => `note: ${note}`),
  ];
}

function stepLine(event: Extract<SweepEvent, { type: 'step' }>): string {
  return [
    `point ${event.point}/${event.points}`,
    placeText(event),
    `step ${event.step}/${event.steps}`,
    `loss ${event.loss.toFixed(3)}`,
    `${count(event.tokensPerSecond)} tokens/s`,
    `${duration(event.secondsLeft)} left`,
    megabytes(event.residentBytes),
  ].join('  ·  ');
}

function placeText({ learningRate, rank }: { learningRate: number; rank: number }): string {
  return `rate ${learningRate}, rank ${rank}`;
}
