import { readFile } from 'node:fs/promises';
import { dirname, relative } from 'node:path';
import { CancellationError, l10n, type Uri } from 'vscode';
import type { AskResult } from '../../protocol/engine/asking.ts';
import { WorkbenchError } from '../../protocol/errors.ts';
import type { StepAnswer, StepOutput } from '../../protocol/notebookOutput.ts';
import type { Report } from '../../protocol/report.ts';
import type { Target } from '../../protocol/target.ts';
import { evaluateOutput, trainOutput } from '../../recipe/notebook/outputs.ts';
import type { Recipe, RecipeStep } from '../../recipe/schema.ts';
import { namedTarget } from '../../text/target.ts';
import { keepTrained } from '../runs/chooseTarget.ts';
import type { Run } from '../runs/run.ts';
import { type Runs, sameNames } from '../runs/runs.ts';
import type { HostEngine } from '../services/hostEngine.ts';

/** A step that is being run, and the notebook around it. */
interface StepContext {
  uri: Uri;
  recipe: Recipe;
  engine: HostEngine;
  runs: Runs;
  /** The user stops the step. */
  signal: AbortSignal;
  /** Shows what has come of it so far. */
  show(make: () => StepOutput): void;
}

type StepOf<K extends RecipeStep['do']> = Extract<RecipeStep, { do: K }>;

/** Runs a step and shows what comes of it while it comes. */
export async function runStep(step: RecipeStep, context: StepContext): Promise<void> {
  switch (step.do) {
    case 'note':
      return;
    case 'train':
      return trainStep(step, context);
    case 'ask':
      return askStep(step, context);
    case 'blend':
      return askBlends(step, context);
    case 'merge':
      return mergeStep(step, context);
    case 'evaluate':
      return evaluateStep(step, context);
  }
}

/** Asks, and shows the route and the text as they come. */
async function askStep(step: StepOf<'ask'>, context: StepContext): Promise<void> {
  await answer(step.prompt, namedTarget(step), context, now => context.show(() => ({ kind: 'ask', answer: now })));
}

/** Asks one blend after the other, and shows their answers side by side. */
async function askBlends({ prompt, blends }: StepOf<'blend'>, context: StepContext): Promise<void> {
  const { recipe, show } = context;
  const answers = blends.map(blend => ({ blend, weights: recipe.blends[blend]!, answer: { text: '' } as StepAnswer }));
  for (const each of answers)
    await answer(prompt, { kind: 'blend', name: each.blend }, context, now => {
      each.answer = now;
      show(() => ({ kind: 'blend', answers }));
    });
}

/** By the recipe's own decoding settings: an experiment has the same answers whoever runs it. */
async function answer(
  prompt: string,
  target: Target,
  { uri, engine, signal }: StepContext,
  show: (answer: StepAnswer) => void,
): Promise<void> {
  let now: StepAnswer = { text: '' };
  const add = (more: Partial<StepAnswer>) => {
    now = { ...now, ...more };
    show(now);
  };
  add({});
  const result = await engine.request(
    'ask',
    { recipe: uri.fsPath, prompt, target },
    {
      signal,
      onProgress(told) {
        if (told.kind === 'route') add({ route: told.route });
        if (told.kind === 'text') add({ text: now.text + told.text });
      },
    },
  );
  add({ text: result.text, result: figures(result) });
}

function figures({ finish, weights, answerTokens, timings }: AskResult): StepAnswer['result'] {
  return { finish, weights, answerTokens, seconds: (timings.prefillMs + timings.decodeMs) / 1000 };
}

/** Merges for good, and shows how far the result is from the exact sum. */
async function mergeStep({ merge: name }: StepOf<'merge'>, context: StepContext): Promise<void> {
  const { uri, recipe, engine, signal, show } = context;
  const { path, rank, relativeError, fit } = await engine.request(
    'merge',
    { recipe: uri.fsPath, merge: name },
    { signal },
  );
  const { method } = recipe.merges[name]!;
  const { mergeWeightsOf } = await import('../../recipe/settings.ts');
  const weights = mergeWeightsOf(recipe, name);
  show(() => ({ kind: 'merge', name, method, weights, rank, relativeError, path: besideRecipe(uri, path), fit }));
}

/** Trains and shows the losses. What is under way is followed, what was stopped goes on; else it begins anew, beside a copy of what it replaces: all cells may be run at once, with nobody there to be asked. */
async function trainStep(step: StepOf<'train'>, context: StepContext): Promise<void> {
  const { uri, recipe, runs, engine } = context;
  await runs.found();
  const last = runs.of(uri).find(run => isTrainingOf(run, step, recipe));
  const goesOn = last && ['paused', 'stopped', 'interrupted'].includes(last.state);
  const old = goesOn ? last.resume() : last;
  if (old?.state === 'running') {
    await follow(old, context, trainOutput);
    // The recipe says something else than when it was stopped: that checkpoint is of another run.
    if (!(old.error instanceof WorkbenchError && old.error.code === 'mismatch')) return settle(old);
  }
  const kept = (await keepTrained(engine, uri, step.experts)).map(path => besideRecipe(uri, path));
  const run = await runs.train(uri, { only: step.experts });
  await follow(run, context, now => ({ ...trainOutput(now), ...(kept.length > 0 && { kept }) }));
  settle(run);
}

/** Evaluates and shows every system on every set. */
async function evaluateStep(step: StepOf<'evaluate'>, context: StepContext): Promise<void> {
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
  if (state !== 'done') throw error ?? new WorkbenchError('runtime', message ?? l10n.t('The run was {0}.', state));
}

/** A path as the recipe would write it. */
function besideRecipe(recipe: Uri, path: string): string {
  return relative(dirname(recipe.fsPath), path).replaceAll('\\', '/');
}
