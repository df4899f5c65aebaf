import { readFile } from 'node:fs/promises';
import { dirname, relative } from 'node:path';
import { CancellationError, type Uri } from 'vscode';
import { WorkbenchError } from '../../protocol/errors.ts';
import type { StepOutput } from '../../protocol/notebookOutput.ts';
import type { Report } from '../../protocol/report.ts';
import { evaluateOutput, trainOutput } from '../../recipe/notebook/outputs.ts';
import type { Recipe } from '../../recipe/schema.ts';
import type { Run } from '../runs/run.ts';
import { sameNames } from '../runs/runs.ts';
import type { StepContext, StepOf } from './stepContext.ts';

/** Trains and shows the losses. What is under way is followed, what was stopped goes on; else it begins anew. */
export async function trainStep(step: StepOf<'train'>, context: StepContext): Promise<void> {
  const { uri, recipe, runs } = context;
  await runs.found();
  const last = runs.of(uri).find(run => isTrainingOf(run, step, recipe));
  const goesOn = last && ['paused', 'stopped', 'interrupted'].includes(last.state);
  const old = goesOn ? last.resume() : last;
  if (old?.state === 'running') {
    await follow(old, context, trainOutput);
    // The recipe says something else than when it was stopped: that checkpoint is of another run.
    if (!(old.error instanceof WorkbenchError && old.error.code === 'mismatch')) return settle(old);
  }
  const run = await runs.train(uri, { only: step.experts });
  await follow(run, context, trainOutput);
  settle(run);
}

/** Evaluates and shows every system on every set. */
export async function evaluateStep(step: StepOf<'evaluate'>, context: StepContext): Promise<void> {
  const { uri, recipe, runs, show } = context;
  await runs.found();
  const running = runs.of(uri).find(run => run.state === 'running' && isEvaluationOf(run, step, recipe));
  const run = running ?? (await runs.evaluate(uri, { sets: step.sets }));
  await follow(run, context, ({ state, progress }) => ({ kind: 'evaluate', state, progress, sets: [], rows: [] }));
  settle(run);
  const path = run.result!.reportPath!;
  const report = JSON.parse(await readFile(path, 'utf8')) as Report;
  show(() => evaluateOutput(report, besideRecipe(uri, path)));
}

/** Whether a run is that of a step. */
export function isRunOf(run: Run, step: StepOf<'train' | 'evaluate'>, recipe: Recipe): boolean {
  return step.do === 'train' ? isTrainingOf(run, step, recipe) : isEvaluationOf(run, step, recipe);
}

function isTrainingOf({ kind, experts }: Run, step: StepOf<'train'>, recipe: Recipe): boolean {
  const all = Object.keys(recipe.experts).filter(name => recipe.experts[name]!.data);
  // Until its engine has read the recipe a run of all experts does not know their names.
  return kind === 'train' && sameNames(experts.length > 0 ? experts : all, step.experts ?? all);
}

function isEvaluationOf({ kind, sets }: Run, step: StepOf<'evaluate'>, recipe: Recipe): boolean {
  const all = Object.keys(recipe.evaluation.sets);
  return kind === 'evaluate' && sameNames(sets ?? all, step.sets ?? all);
}

/** Shows a run until it ends; stopping the step stops it. */
async function follow(run: Run, { runs, signal, show }: StepContext, output: (run: Run) => StepOutput): Promise<void> {
  const update = () => show(() => output(run));
  const stop = () => void run.stop();
  const listener = runs.onDidChange(({ id }) => id === run.id && update());
  if (signal.aborted) stop();
  signal.addEventListener('abort', stop);
  update();
  await run.ended;
  update();
  signal.removeEventListener('abort', stop);
  listener.dispose();
}

/** Throws what a run that was not finished ended with. */
function settle({ state, error, message }: Run): void {
  if (state === 'stopped' || state === 'paused') throw new CancellationError();
  if (state !== 'done') throw error ?? new WorkbenchError('runtime', message ?? `The run was ${state}.`);
}

/** A path as the recipe would write it. */
export function besideRecipe(recipe: Uri, path: string): string {
  return relative(dirname(recipe.fsPath), path).replaceAll('\\', '/');
}
