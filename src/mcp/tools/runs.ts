import { readdir } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import * as z from 'zod';
import { readExperimentPaths } from '../../experiment/readExperimentPaths.ts';
import { openRunFolder, type RunFolder } from '../../experiment/runs.ts';
import { addToCurves } from '../../nn/train/trainHistory.ts';
import { WorkbenchError } from '../../protocol/errors.ts';
import type { ReportCurve } from '../../protocol/report.ts';
import type { RunRecord } from '../../protocol/runRecord.ts';
import type { TrainEvent } from '../../protocol/trainEvents.ts';
import { dateTime, percent } from '../../text/numbers.ts';
import { defineTool, reads, recipeInput, writes } from '../tool.ts';

const runInput = z.string().optional().describe('Its identity, as list_runs has it; the newest run without it.');

export const listRuns = defineTool({
  name: 'list_runs',
  title: 'List runs',
  description:
    'The trainings and evaluations of a recipe, newest first, whoever began them: how each stands, and where its results lie.',
  input: z.strictObject({ recipe: recipeInput }),
  annotations: reads,

  async run({ recipe }, { place }) {
    const runs = await recordsOf(place(recipe));
    const lines = runs.map(({ record }) => recordLine(record));
    return { text: lines.join('\n') || 'there is no run yet', data: { runs: runs.map(({ record }) => record) } };
  },
});

/** Points of each curve that an agent is told. */
const mostPoints = 50;
/** Milliseconds between two looks at a record. */
const pause = 250;

export const followRun = defineTool({
  name: 'follow_run',
  title: 'Follow a run',
  description:
    'Waits for a training or an evaluation to end, for a while at most, and says how it stands: progress, losses, results, or why it failed. Call it again while the state is "running".',
  input: z.strictObject({
    recipe: recipeInput,
    run: runInput,
    waitSeconds: z.number().min(0).max(3600).default(30).describe('Longest wait; 0 to look once.'),
  }),
  annotations: { ...reads, idempotentHint: false },

  async run({ recipe, run, waitSeconds }, { place, signal, progress }) {
    const found = await runOf(place(recipe), run);
    let { record } = found;
    const curves: ReportCurve[] = [];
    const events: TrainEvent[] = [];
    for (let waited = 0; ; waited += pause) {
      for (const event of await found.folder.newEvents()) {
        addToCurves(curves, event, mostPoints);
        if (event.type !== 'step') events.push(event);
      }
      record = (await found.folder.record()) ?? record;
      if (record.progress) progress(record.progress);
      if (record.state !== 'running' || waited >= waitSeconds * 1000) break;
      await delay(pause, undefined, { signal });
    }
    const losses = curves.map(({ expert, train, validation }) => {
      const [own, held] = [train.at(-1), validation.at(-1)];
      return `${expert}: ${own ? `training loss ${own.loss.toFixed(3)} at step ${own.step}` : 'no step yet'}${held ? `, validation loss ${held.loss.toFixed(3)}` : ''}`;
    });
    return { text: [recordLine(record), ...losses].join('\n'), data: { run: record, curves, events } };
  },
});

export const stopRun = defineTool({
  name: 'stop_run',
  title: 'Stop a run',
  description:
    'Asks a training or an evaluation to stop, whoever began it. A training writes a checkpoint first, from which train goes on with "resume": true.',
  input: z.strictObject({ recipe: recipeInput, run: runInput }),
  annotations: { ...writes, idempotentHint: true },

  async run({ recipe, run }, { place }) {
    const { folder, record } = await runOf(place(recipe), run);
    if (record.state !== 'running') return { text: `it does not run: ${recordLine(record)}`, data: { run: record } };
    await folder.requestStop('stop');
    return { text: `asked to stop; follow_run says when it has`, data: { run: record } };
  },
});

interface FoundRun {
  folder: RunFolder;
  record: RunRecord;
}

/** Newest first. */
async function recordsOf(recipe: string): Promise<FoundRun[]> {
  const paths = await readExperimentPaths(recipe);
  const ids = await readdir(paths.history).catch(() => []);
  const found: FoundRun[] = [];
  for (const id of ids.filter(name => /^[\w-]+$/.test(name)).sort()) {
    const folder = openRunFolder(paths.run(id).folder);
    const record = await folder.record();
    if (record) found.push({ folder, record });
  }
  return found.reverse();
}

async function runOf(recipe: string, id?: string): Promise<FoundRun> {
  const runs = await recordsOf(recipe);
  const found = id === undefined ? runs[0] : runs.find(({ record }) => record.id === id);
  if (found) return found;
  throw new WorkbenchError(
    'notFound',
    id === undefined ? `${recipe} has no run yet` : `${recipe} has no run '${id}'`,
    'list_runs has all runs of a recipe; train and evaluate begin one.',
  );
}

function recordLine({ id, kind, state, experts, startedAt, progress, message, result }: RunRecord): string {
  const of = kind === 'train' ? ` of ${experts.join(', ')}` : '';
  const far = progress && progress.total > 0 ? `, ${percent(progress.done / progress.total)}: ${progress.message}` : '';
  const why = message ? ` (${message})` : '';
  const where = result?.reportPath ? `; report ${result.reportPath}` : '';
  return `${id}: ${kind}${of}, ${state}${why}${state === 'done' ? '' : far}, begun ${dateTime(new Date(startedAt).toISOString())}${where}`;
}
