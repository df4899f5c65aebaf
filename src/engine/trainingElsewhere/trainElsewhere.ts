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
import type { TrainingPlace } from '../../protocol/trainingPlace.ts';
import { type RecordedRun, type RunTold, recordRun } from '../runs/recordRun.ts';
import { openBase } from '../runtime/quantizedBase.ts';
import { chosenExperts } from '../training/prepareExpert.ts';
import { watchFor } from '../workbench/request.ts';
import type { Workbench } from '../workbench/workbench.ts';
import { goOn } from './elsewhereRun.ts';
import { followRun, reasonIn } from './followRun.ts';
import { checkedPlace, jobName, openRun } from './openRun.ts';
import { relayEvents } from './relayEvents.ts';
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
      const there = openRun(place, on, {
        id: `${jobName(experiment.name)}-${basename(folder)}`,
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
      const last = await followRun(there, state === 'none' ? 0 : before.length, run.signal, tell, lines =>
        relayEvents(lines, run),
      );
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
