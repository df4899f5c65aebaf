import { resolve } from 'node:path';
import type { PlanResult } from '../../protocol/engine/training.ts';
import { bytes, count, duration, magnitude, percent } from '../../text/numbers.ts';
import { progressLine } from '../console/format.ts';
import { columns } from '../console/help.ts';
import type { Verb } from '../console/verb.ts';

export const planVerb: Verb = {
  name: 'plan',
  summary: 'Predicts the memory and time that training a recipe and its fitted merges take; nothing is trained.',
  usage: ['RECIPE [--only NAME…]'],
  options: { only: { value: 'NAME', list: 'names', description: 'plan for these experts alone' } },
  positionals: [1, 1],
  examples: [
    'examples/experts/experts.lora.json',
    'my.lora.json --only math --memory-limit 8GB',
    'my.lora.json --json',
  ],

  async run({ args, terminal, json, engine }) {
    const request = { recipe: resolve(args.positionals[0]!), only: args.list('only') };
    const plan = await engine.request('plan', request, {
      onProgress: told => !json && terminal.progress(progressLine(told)),
    });
    if (json) terminal.printJson(plan);
    else for (const line of planLines(plan)) terminal.print(line);
    return plan.fits ? 0 : 1;
  },
};

function planLines(p: PlanResult): string[] {
  const { memory, answering, time } = p;
  const row = (label: string, value: number): [string, string] => [label, bytes(value).padStart(9)];
  return [
    ...p.experts.map(
      e =>
        `${e.name}: rank ${e.rank} on ${e.layers} layers, ${magnitude(e.parameters)} parameters; ${count(e.examples)} examples, ${count(e.tokensPerEpoch)} tokens an epoch; ${count(e.steps)} steps, ${e.epochs.toFixed(1)} epochs; learning rate ${e.learningRate}${e.isRateAuto ? ' (auto)' : ''}`,
    ),
    '',
    'memory of training, at its peak',
    ...columns([
      row('process', memory.process),
      row('compiled graphs', memory.graphs),
      row(
        `base weights${p.arithmetic === 'int8' ? ', in 8 bits' : p.widensAtUse ? ', in 16 bits' : ''}`,
        memory.weights,
      ),
      row('factors', memory.factors),
      row('optimiser', memory.optimiser),
      row(
        ['activations', p.halfActivations && 'in 16 bits', p.recompute && 'computed again'].filter(Boolean).join(', '),
        memory.activations,
      ),
      row('together', p.totalBytes),
    ]),
    verdict(p),
    '',
    'memory of answering the longest prompt',
    ...columns([
      row('process', answering.process),
      row(`base weights${p.answersInInt8 ? ', in 8 bits' : ''}`, answering.weights),
      row('factors', answering.factors),
      row('keys and values', answering.cache),
      row('activations', answering.activations),
      ...(answering.compiling > 0 ? [row('while it is compiled', answering.compiling)] : []),
      row(
        'together',
        Object.values(answering).reduce((a, b) => a + b, 0),
      ),
    ]),
    '',
    `time on ${p.device}: about ${duration(time.seconds)} for ${count(time.steps)} steps of ${duration(time.secondsPerStep)}`,
    ...columns([
      [
        'a step',
        `${(time.operationsPerStep / 1e9).toFixed(1)} GFLOP of useful products, ${count(time.tokensPerStep)} tokens; padding: ${percent(time.padding)} of positions`,
      ],
      ['this machine', `${(time.matMulRate / 1e9).toFixed(0)} GFLOP/s in a large product, measured now`],
    ]),
    ...fitLines(p),
    ...p.experts.flatMap(e => e.problems.map(({ message }) => `note: ${e.name}: ${message}`)),
    ...p.notes.map(note => `note: ${note}`),
  ];
}

/** What is fitted to data once the experts are trained. */
function fitLines({ fitted }: PlanResult): string[] {
  if (fitted.length === 0) return [];
  const rows = fitted.map(({ name, method, examples, seconds, totalBytes, problem }): [string, string] => [
    `${name} (${method})`,
    problem ?? `about ${duration(seconds!)}, ${bytes(totalBytes!)} of memory; ${count(examples)} examples`,
  ]);
  return ['', 'fitted to data once the experts are trained, on the CPU', ...columns(rows)];
}

function verdict(p: PlanResult): string {
  const place = p.isLimit ? `the limit of ${bytes(p.budgetBytes)}` : `the ${bytes(p.budgetBytes)} that are free`;
  const chosen = [
    // On a GPU they always do, where they can.
    ...(p.widensAtUse && p.device === 'cpu' ? ['weights stay in 16 bits'] : []),
    ...(p.isRecomputeChosen ? ['activations are computed again'] : []),
  ];
  const again =
    chosen.length > 0 ? `${chosen.join(' and ')}, because ${bytes(p.totalBytesWithout)} would not fit; ` : '';
  return `  ${again}${p.fits ? 'fits into' : 'DOES NOT FIT into'} ${place}`;
}
