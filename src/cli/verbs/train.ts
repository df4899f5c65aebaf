import { resolve } from 'node:path';
import { openExperiment } from '../../experiment/experiment.ts';
import type { EngineProgress } from '../../protocol/engine/engineApi.ts';
import type { TrainResult } from '../../protocol/engine/training.ts';
import { cutAnswersCode, WorkbenchError } from '../../protocol/errors.ts';
import type { TrainEvent, TrainStepEvent } from '../../protocol/trainEvents.ts';
import { bytes } from '../../text/numbers.ts';
import { duration, megabytes, progressLine } from '../console/format.ts';
import { mediaFolder } from '../console/packagePaths.ts';
import type { ExitCode, Verb, VerbCall } from '../console/verb.ts';

export const trainVerb: Verb = {
  name: 'train',
  summary: "Trains a recipe's experts together on one frozen base.",
  usage: [
    'RECIPE [--only NAME…] [--resume]',
    'RECIPE [--only NAME…] --from RUN:STEP',
    'RECIPE [--only NAME…] --on ssh:HOST|ray:ADDRESS [--python COMMAND] [--workers N] [--resume]',
  ],
  options: {
    only: { value: 'NAME', list: 'names', description: 'train these experts alone' },
    resume: { description: 'go on from the last checkpoint, where there is one' },
    'allow-cut': { description: 'train although more than one answer in a hundred is cut at maxLength' },
    from: { value: 'RUN:STEP', description: 'begin with a checkpoint that another run has kept (see checkpoints)' },
    on: {
      value: 'PLACE',
      description: 'train on another machine, ssh:HOST or ssh:HOST:FOLDER, or on a Ray cluster, ray:HOST:8265',
    },
    python: { value: 'COMMAND', description: 'of --on: what runs the script there; uv, else python3, without it' },
    workers: { value: 'N', description: 'of --on ray: workers among which the rows of each batch are parted' },
  },
  positionals: [1, 1],
  examples: [
    'examples/experts/experts.lora.json',
    'my.lora.json --only math code',
    'my.lora.json --resume --json',
    'my.lora.json --only math --on ssh:gpu-box',
  ],

  async run(call) {
    const { args, terminal, json } = call;
    const recipe = args.positionals[0]!;
    if (args.given('on')) return trainElsewhere(call, recipe);
    const result = await trainRecipe(call, {
      recipe: resolve(recipe),
      only: args.list('only'),
      resume: args.flag('resume'),
      from: checkpointNamed(args.text('from')),
      allowCut: args.flag('allow-cut'),
    });
    if (!result.finished) {
      terminal.note(`Go on with: multi-lora train ${recipe} --resume`);
      return 130;
    }
    if (json) return 0;
    if (result.steps === 0) terminal.note('trained already, nothing has changed');
    for (const { name, adapter } of result.experts) terminal.print(`${name}  ${adapter}`);
    return 0;
  },
};

/** Throws `badRequest` for what names no checkpoint. */
function checkpointNamed(text: string | undefined): { run: string; step: number } | undefined {
  if (text === undefined) return undefined;
  const [, run, step] = /^([\w-]+):(\d+)$/.exec(text) ?? [];
  if (run && step) return { run, step: Number(step) };
  throw new WorkbenchError('badRequest', `'${text}' names no checkpoint`, 'Write RUN:STEP, as checkpoints lists them.');
}

export interface TrainOptions {
  recipe: string;
  only?: string[];
  resume: boolean;
  from?: { run: string; step: number };
  allowCut?: boolean;
}

/** Trains, telling how far it is. With --json every event is a line on stdout. `steps` are those taken now. */
export async function trainRecipe(call: VerbCall, options: TrainOptions): Promise<TrainResult & { steps: number }> {
  let steps = 0;
  const show = eventLines(call);
  const result = await call.engine
    .request('train', options, {
      onProgress(told) {
        if (told.kind === 'event' && told.event.type === 'step') steps++;
        show(told);
      },
    })
    .catch(error => {
      const isCut = error instanceof WorkbenchError && error.problems.some(p => p.code === cutAnswersCode);
      throw isCut
        ? new WorkbenchError(
            error.code,
            error.message,
            `${error.hint} With --allow-cut it is trained all the same.`,
            error.problems,
          )
        : error;
    });
  return { ...result, steps };
}

/** Shows what a training tells. With --json every event is a line on stdout. */
export function eventLines({ terminal, json }: VerbCall): (told: EngineProgress<'train'>) => void {
  const validation = new Map<string, number>();
  const show = (event: TrainEvent) => {
    if (json) terminal.printJson(event);
    else if (event.type === 'recompute')
      terminal.note(
        `activations are computed again: training takes about ${bytes(event.bytes)}, and ${bytes(event.bytesWithout)} would not fit into ${bytes(event.budgetBytes)}`,
      );
    else if (event.type === 'data') for (const { message } of event.problems) terminal.note(`note: ${message}`);
    else if (event.type === 'step') terminal.progress(stepLine(event, validation));
    else if (event.type === 'validation') {
      validation.set(event.expert, event.loss);
      if (event.stopped)
        terminal.note(`${event.expert}: no better validation loss for a while; stopped at step ${event.step}`);
    } else if (event.type === 'cancelled')
      terminal.note(`stopped at step ${event.step}; everything up to it is on disk`);
  };
  return told => {
    if (told.kind === 'event') show(told.event);
    if (told.kind === 'work' && !json) terminal.progress(told.total > 0 ? progressLine(told) : told.message);
  };
}

/** Trains elsewhere: one expert after the other on a machine, all at once on a cluster, which has a queue. */
async function trainElsewhere(call: VerbCall, recipe: string): Promise<ExitCode> {
  const { args, terminal, json, engine } = call;
  for (const other of ['from', 'allow-cut'])
    if (args.given(other))
      throw new WorkbenchError('badRequest', `--${other} is not for a training elsewhere`, `Leave --${other} out.`);
  const place = args.text('on')!;
  const on = {
    place,
    ...(args.given('python') && { python: args.text('python')! }),
    ...(args.given('workers') && { workers: args.number('workers')! }),
  };
  const path = resolve(recipe);
  const { experts } = (await openExperiment(path, mediaFolder)).recipe;
  const names = args.list('only') ?? Object.keys(experts).filter(name => experts[name]!.data);
  const show = eventLines(call);
  const train = (expert: string) =>
    engine.request('trainElsewhere', { recipe: path, expert, on, resume: args.flag('resume') }, { onProgress: show });
  const results: TrainResult[] = [];
  if (place.startsWith('ray:')) results.push(...(await Promise.all(names.map(train))));
  else
    for (const name of names) {
      results.push(await train(name));
      if (!results.at(-1)!.finished) break;
    }
  if (results.some(({ finished }) => !finished)) {
    terminal.note(`Go on with: multi-lora train ${recipe} --on ${place} --resume`);
    return 130;
  }
  if (!json) for (const { name, adapter } of results.flatMap(r => r.experts)) terminal.print(`${name}  ${adapter}`);
  return 0;
}

function stepLine(event: TrainStepEvent, validation: ReadonlyMap<string, number>): string {
  const experts = Object.entries(event.experts).map(([name, { loss }]) => {
    const held = validation.get(name);
    return `${name} ${loss.toFixed(3)}${held === undefined ? '' : ` (${held.toFixed(3)})`}`;
  });
  const speed = `${Math.round(event.tokensPerSecond).toLocaleString('en')} tokens/s`;
  return [
    `step ${event.step}/${event.steps}`,
    `loss ${experts.join('  ')}`,
    speed,
    `${duration(event.secondsLeft)} left`,
    megabytes(event.residentBytes),
  ].join('  ·  ');
}
