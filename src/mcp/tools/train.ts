import * as z from 'zod';
import type { EngineProgress } from '../../protocol/engine/engineApi.ts';
import { cutAnswersCode, WorkbenchError } from '../../protocol/errors.ts';
import type { RunRecord } from '../../protocol/runRecord.ts';
import type { TrainEvent, TrainStepEvent } from '../../protocol/trainEvents.ts';
import { duration } from '../../text/numbers.ts';
import { defineTool, overwriteInput, recipeInput, refusedOverwrite, replaces, type ToolCall } from '../tool.ts';

const lossOfExpert = z.object({
  name: z.string(),
  adapter: z.string().optional(),
  trainLoss: z.number().nullable().optional(),
  bestValidationLoss: z.number().nullable().optional(),
});

export const train = defineTool({
  name: 'train',
  title: 'Train experts',
  description:
    'Trains the experts of a recipe together on one frozen base. It takes minutes to hours: see plan first. Reports progress; cancelling it writes a checkpoint, from which "resume": true goes on. With "background": true it answers once training has begun; follow_run watches it and stop_run ends it.',
  input: z.strictObject({
    recipe: recipeInput,
    only: z.array(z.string()).min(1).optional().describe('Train these experts alone.'),
    resume: z
      .boolean()
      .default(false)
      .describe('Go on from the last checkpoint where there is one; what is trained already stays as it is.'),
    overwrite: overwriteInput,
    allowCut: z
      .boolean()
      .default(false)
      .describe('Train although more than one answer in a hundred is cut at maxLength.'),
    background: z.boolean().default(false).describe('Answer once it has begun.'),
  }),
  output: z.object({
    state: z.enum(['running', 'done', 'stopped']),
    run: z.string().optional(),
    folder: z.string().optional(),
    steps: z.int(),
    experts: z.array(lossOfExpert),
  }),
  annotations: replaces,

  async run({ recipe: given, only, resume, overwrite, allowCut, background }, call) {
    const recipe = call.place(given);
    if (!resume && !overwrite) await refuseTrained(call, recipe, only);
    const seen = watchTraining();
    let tellBegun = () => {};
    const begun = new Promise<void>(resolve => {
      tellBegun = resolve;
    });
    const working = call.engine
      .request(
        'train',
        { recipe, only, resume, allowCut },
        {
          // What goes on after its call is ended by stop_run, and with the server.
          signal: background ? undefined : call.signal,
          onProgress(told) {
            seen.take(told);
            if (told.kind === 'run') tellBegun();
            if (told.kind === 'work') call.progress(told);
            if (told.kind === 'event' && told.event.type === 'step')
              call.progress({ message: stepLine(told.event), done: told.event.step, total: told.event.steps });
          },
        },
      )
      .catch(error => {
        throw withCutHint(error);
      });
    if (background) {
      // What becomes of it is in its record.
      working.catch(() => {});
      await Promise.race([begun, working]);
      const { id } = seen.run ?? {};
      return {
        text: `begun; follow it with follow_run ${JSON.stringify({ recipe: given, run: id })}`,
        data: { state: 'running', run: id, folder: seen.folder, steps: 0, experts: [] },
      };
    }
    const { finished, experts } = await working;
    const found = experts.map(({ name, adapter }) => ({ name, adapter, ...seen.losses(name) }));
    const lines = found.map(
      ({ name, adapter, trainLoss, bestValidationLoss }) =>
        `${name}: ${[loss('training loss', trainLoss), loss('best validation loss', bestValidationLoss)].filter(Boolean).join(', ') || 'as it was'}; ${adapter}`,
    );
    const head = finished
      ? seen.steps === 0
        ? 'trained already, nothing has changed'
        : `trained in ${seen.steps} steps`
      : `stopped after ${seen.steps} steps; "resume": true goes on from there`;
    return {
      text: [head, ...lines].join('\n'),
      data: {
        state: finished ? 'done' : 'stopped',
        run: seen.run?.id,
        folder: seen.folder,
        steps: seen.steps,
        experts: found,
      },
    };
  },
});

/** Throws where a training anew would replace adapters that are there. */
async function refuseTrained({ engine, signal }: ToolCall, recipe: string, only?: string[]): Promise<void> {
  const { experts } = await engine.request('describe', { recipe }, { signal });
  const trained = experts.filter(e => e.isTrainable && e.adapter?.isOwn && (!only || only.includes(e.name)));
  if (trained.length > 0)
    throw refusedOverwrite(
      `the trained adapter of ${trained.map(e => e.name).join(', ')}`,
      ' With "resume": true it goes on where it was, and with "only" others are trained.',
    );
}

/** What is learned of a training while it goes on. */
function watchTraining() {
  let last: TrainStepEvent | undefined;
  const validation = new Map<string, number>();
  const take = (event: TrainEvent) => {
    if (event.type === 'step') {
      last = event;
      seen.steps++;
    }
    if (event.type === 'validation' && event.best) validation.set(event.expert, event.loss);
  };
  const seen = {
    run: undefined as RunRecord | undefined,
    folder: undefined as string | undefined,
    /** Taken now. */
    steps: 0,
    take(told: EngineProgress<'train'>) {
      if (told.kind === 'event') take(told.event);
      if (told.kind === 'run') Object.assign(seen, { run: told.record, folder: told.folder });
    },
    losses(name: string) {
      const own = last?.experts[name];
      return {
        ...(own && { trainLoss: orNull(own.loss) }),
        ...(validation.has(name) && { bestValidationLoss: orNull(validation.get(name)!) }),
      };
    },
  };
  return seen;
}

/** A loss that is no number is null, as JSON has it. */
const orNull = (value: number) => (Number.isFinite(value) ? value : null);

function loss(what: string, value: number | null | undefined): string {
  return value === undefined ? '' : `${what} ${value === null ? 'diverged' : value.toFixed(3)}`;
}

function stepLine({ step, steps, experts, secondsLeft }: TrainStepEvent): string {
  const losses = Object.entries(experts).map(([name, { loss: own }]) => `${name} ${own.toFixed(3)}`);
  const left = Number.isFinite(secondsLeft) ? `, ${duration(secondsLeft)} left` : '';
  return `step ${step} of ${steps}: loss ${losses.join(', ')}${left}`;
}

function withCutHint(error: unknown): unknown {
  if (!(error instanceof WorkbenchError) || !error.problems.some(p => p.code === cutAnswersCode)) return error;
  const hint = `${error.hint ?? ''} With "allowCut": true it is trained all the same.`.trim();
  return new WorkbenchError(error.code, error.message, hint, error.problems);
}
