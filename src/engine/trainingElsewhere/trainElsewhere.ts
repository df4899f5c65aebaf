import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { hashBase } from '../../experiment/base.ts';
import { checkTrainingPlaces } from '../../experiment/checkResults.ts';
import { openExperiment } from '../../experiment/experiment.ts';
import { withExpertLocks } from '../../experiment/locks.ts';
import type { ResultPaths } from '../../experiment/paths.ts';
import { openRunFolder, readRunRecord } from '../../experiment/runs.ts';
import type { Call } from '../../protocol/contract.ts';
import type { EngineParams, EngineResult } from '../../protocol/engine/engineApi.ts';
import { WorkbenchError } from '../../protocol/errors.ts';
import { canResume } from '../../protocol/runState.ts';
import type { TrainEvent } from '../../protocol/trainEvents.ts';
import type { TrainingPlace } from '../../protocol/trainingPlace.ts';
import { isPlainCommand, parsePlace, placeForms } from '../../text/trainingPlace.ts';
import { type RecordedRun, type RunTold, recordRun } from '../runs/recordRun.ts';
import { openBase } from '../runtime/quantizedBase.ts';
import { chosenExperts } from '../training/prepareExpert.ts';
import { engineEnds, watchFor } from '../workbench/request.ts';
import type { Workbench } from '../workbench/workbench.ts';
import { type ElsewhereRun, goOn } from './elsewhereRun.ts';
import { rayRun } from './rayRun.ts';
import { relayEvents } from './relayEvents.ts';
import { sshRun } from './sshRun.ts';
import { takeAdapter } from './takeAdapter.ts';
import { writeTrainingJob } from './writeTrainingJob.ts';

/**
 * Trains one expert on another machine, as a run of its recipe here: the job goes there, its events come back as they are
 * written, and at the end its adapter. When this engine ends the training goes on there, and a later call with `resume` comes
 * back to it.
 */
export async function trainElsewhere(
  workbench: Workbench,
  request: EngineParams<'trainElsewhere'>,
  call: Call<RunTold>,
): Promise<EngineResult<'train'>> {
  const experiment = await openExperiment(request.recipe, workbench.mediaFolder);
  const { path, recipe, paths } = experiment;
  const { on } = request;
  const names = chosenExperts(experiment, [request.expert]);
  const [name] = names as [string];
  const place = checkedPlace(on);
  const experts = [{ name, adapter: paths.trainedAdapter(name) }];
  const id = request.run ?? (request.resume ? await runToGoOnWith(paths, name, on) : undefined);
  const work = async (run: Call<RunTold>, folder: string) => {
    const temporary = await mkdtemp(join(tmpdir(), 'multi-lora-'));
    try {
      const watch = watchFor(run);
      const base = await openBase(experiment.baseFolder, recipe.quantization, workbench.cacheFolder, watch);
      const job = join(temporary, 'job');
      const there: ElsewhereRun = open(place, on, {
        id: `${recipeNameOf(experiment.name)}-${basename(folder)}`,
        expert: name,
        baseHash: await hashBase(base),
        job: () => job,
      });
      const tell = (message: string) => call.progress({ kind: 'work', message, done: 0, total: 0 });
      tell(`looking at ${there.name}`);
      const state = await there.state();
      const { mediaFolder, cacheFolder, threads } = workbench;
      const form = place.kind === 'ray' ? 'ray' : 'trl';
      // What was begun goes on as it was begun, except on Ray, to which a job goes with each submission.
      if (state === 'none' || (place.kind === 'ray' && state === 'ended'))
        await writeTrainingJob(experiment, { form, names, out: job, mediaFolder, cacheFolder, threads, ...watch });
      if (state === 'none') {
        tell(`sending the training to ${there.name}`);
        await there.send(job, run.signal);
      }
      const before = await openRunFolder(folder).newEvents();
      if (state !== 'running') await there.start();
      tell(`training on ${there.name}`);
      const last = await follow(there, state === 'none' ? 0 : before.length, run, tell);
      if (last?.type === 'trained' && (await there.bring(temporary))) {
        await takeAdapter(experiment, base, name, temporary, folder);
        return { finished: true, experts };
      }
      if (last?.type === 'cancelled' || run.signal.aborted) return { finished: false, experts };
      const reason = reasonIn(await there.log());
      throw new WorkbenchError(
        'runtime',
        `the training on ${there.name} has ended before its end: ${reason}`,
        nextStep(reason),
      );
    } finally {
      await rm(temporary, { recursive: true, force: true });
    }
  };
  return withExpertLocks(paths, names, async () => {
    await checkTrainingPlaces(paths, names);
    const record: RecordedRun = { kind: 'train', id, recipe: path, output: paths.output, experts: names, on };
    return recordRun(record, call, work, ({ finished }) => ({ isWhole: finished, result: { adapters: experts } }));
  });
}

/** Relays events until it has ended there; a stop here is one there, and the end of this engine is none. */
async function follow(
  there: ElsewhereRun,
  known: number,
  run: Call<RunTold>,
  tell: (message: string) => void,
): Promise<TrainEvent | undefined> {
  const ends = new AbortController();
  const stopped = { failure: undefined as unknown };
  const stop = () => {
    if (run.signal.reason === engineEnds) return ends.abort();
    tell(`stopping the training on ${there.name}`);
    there.stop().catch(error => {
      stopped.failure = error;
      ends.abort();
    });
  };
  if (run.signal.aborted) stop();
  else run.signal.addEventListener('abort', stop, { once: true });
  try {
    const last = await relayEvents(there.lines(known, ends.signal, tell), run);
    if (stopped.failure) throw stopped.failure;
    return last;
  } finally {
    run.signal.removeEventListener('abort', stop);
  }
}

/** Lines of a log that say why a training has ended: no progress, no losses, no warnings of libraries. */
function reasonIn(log: string): string {
  const lines = log.split('\n').map(line => line.slice(line.lastIndexOf('\r') + 1).trim());
  const said = lines.filter(line => line && !/Warning:|warnings\.warn|^\{'|\d+%\||: going on from step/.test(line));
  return said.slice(-8).join('\n') || 'it says nothing, and so was probably killed';
}

/** What to do about what a log says; most of what ends a training leaves its last checkpoint. */
function nextStep(reason: string): string {
  if (/No module named|not found|No such file|cannot execute/i.test(reason))
    return 'It needs uv there (https://docs.astral.sh/uv), or a Python with PyTorch, transformers, TRL and PEFT: say which (--python venv/bin/python).';
  if (/No space left|quota/i.test(reason)) return `Free some space there. ${goOn}`;
  if (/out of memory|MemoryError/i.test(reason))
    return 'Take a smaller "batchSize" and a larger "accumulation", a shorter "maxLength", or a machine with more memory.';
  return `Everything up to its last checkpoint is there. ${goOn}`;
}

/** The last run of this expert at this place that has not come to its end. */
async function runToGoOnWith(paths: ResultPaths, expert: string, on: TrainingPlace): Promise<string | undefined> {
  const ids = (await readdir(paths.history).catch(() => [])).sort().reverse();
  for (const id of ids) {
    const record = /^[\w-]+$/.test(id) ? await readRunRecord(paths.run(id).folder) : undefined;
    if (record?.on?.place === on.place && record.experts.join() === expert)
      return canResume({ ...record, state: record.state === 'running' ? 'interrupted' : record.state })
        ? id
        : undefined;
  }
  return undefined;
}

type Place = NonNullable<ReturnType<typeof parsePlace>>;

function checkedPlace({ place, python }: TrainingPlace): Place {
  const parsed = parsePlace(place);
  if (!parsed) throw new WorkbenchError('badRequest', `'${place}' is no place to train on`, placeForms);
  if (python !== undefined && !isPlainCommand(python))
    throw new WorkbenchError(
      'badRequest',
      `'${python}' is no plain command`,
      'Name a program, such as venv/bin/python.',
    );
  return parsed;
}

/** As a folder of another machine is called: no shell reads anything into it. */
function recipeNameOf(name: string): string {
  return name.replace(/[^\w-]+/g, '-').slice(0, 40) || 'recipe';
}

function open(
  place: Place,
  { python, workers }: TrainingPlace,
  job: { id: string; expert: string; baseHash: string; job: () => string },
): ElsewhereRun {
  if (place.kind === 'ray') return rayRun({ ...job, address: place.address, python, workers });
  return sshRun({ ...job, host: place.host, folder: place.folder, python });
}
