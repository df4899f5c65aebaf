import type { JSONPath } from 'jsonc-parser';
import { type RateSchedule, rateCurve } from '../../nn/train/schedule.ts';
import type { Handlers } from '../../protocol/contract.ts';
import type { PlannedExpert } from '../../protocol/engine/training.ts';
import { WorkbenchError } from '../../protocol/errors.ts';
import type { Rpc } from '../../protocol/rpc.ts';
import { canResume } from '../../protocol/runState.ts';
import type { ShownRun, TrainingForm, trainingApi } from '../../protocol/views/training.ts';
import { removeSetting, writeSetting } from '../../recipe/edit.ts';
import { type Offers, recipeForm } from '../../recipe/form.ts';
import { parseRecipe, readRecipe } from '../../recipe/parse.ts';
import type { Recipe } from '../../recipe/schema.ts';
import { trainingSettingsOf } from '../../recipe/settings.ts';
import { placeName } from '../../text/trainingPlace.ts';
import type { Run } from '../runs/run.ts';
import type { TrainOptions } from '../runs/runs.ts';
import type { HostEngine } from '../services/hostEngine.ts';
import { followCurves } from './followCurves.ts';

/** The recipe as it is open in the editor. */
export interface OpenRecipe {
  path: string;
  /** As it is called in the workspace. */
  name: string;
  text(): string;
  isSaved(): boolean;
  /** Makes the text another one, as an edit that can be undone; changes wait for one another. */
  change(how: (text: string) => string): Promise<void>;
  save(): Promise<void>;
  /** Shows the text, at a part of it. */
  reveal(path: JSONPath | undefined): Promise<void>;
}

/** A training of the recipe. */
export type TrainingRun = Omit<Run, 'recipe' | 'resume' | 'ended' | 'error'> & { resume(): unknown };

/** The trainings of the recipe. */
export interface RecipeRuns {
  /** Newest first. */
  all(): TrainingRun[];
  /** Resolves when those on disk are known. */
  found(): Promise<void>;
  /** Undefined where the user wants nothing replaced of what experts have learned. */
  train(options: TrainOptions): Promise<TrainingRun | undefined>;
  /** On another machine: the first run there. Undefined where the user wants none. */
  trainElsewhere(experts: string[]): Promise<TrainingRun | undefined>;
}

export interface TrainingHost {
  recipe: OpenRecipe;
  engine: Pick<HostEngine, 'request'>;
  runs: RecipeRuns;
  /** What the workspace offers to the recipe's texts. */
  offers(): Promise<Offers>;
}

type View = Pick<Rpc<typeof trainingApi.toView>, 'notify'>;

/** What the training view's page may ask, over whatever holds the recipe and the runs; `view` is told what changes. */
export function createTrainingHandlers({ recipe, engine, runs, offers }: TrainingHost, view: View) {
  let known: Offers = () => [];
  const curves = followCurves(progress => view.notify('progressed', progress));

  const form = (): TrainingForm => recipeForm(readRecipe(recipe.text()), recipe.isSaved(), known);
  const shownRuns = (): ShownRun[] => runs.all().map(shownRun);

  function runOf(id: string): TrainingRun {
    const run = runs.all().find(each => each.id === id);
    if (run) return run;
    throw new WorkbenchError('notFound', 'This run is not there any more.', 'Begin another one.');
  }

  async function readForm(): Promise<TrainingForm> {
    known = await offers();
    return form();
  }

  const handlers: Handlers<(typeof trainingApi)['toHost']> = {
    async load() {
      await runs.found();
      return { recipe: recipe.name, form: await readForm(), runs: shownRuns() };
    },
    async edit({ path, value }) {
      await recipe.change(text => (value === undefined ? removeSetting(text, path) : writeSetting(text, path, value)));
    },
    async save() {
      await recipe.save();
    },
    async openRecipe({ path }) {
      await recipe.reveal(path);
    },
    async plan({ experts }, { signal }) {
      const text = recipe.text();
      const request = { recipe: recipe.path, text, only: experts };
      const { base, experts: planned, ...plan } = await engine.request('plan', request, { signal });
      const { recipe: parsed } = parseRecipe(text);
      return {
        ...plan,
        base: { architecture: base.architecture, parameters: base.parameters },
        experts: planned.map(expert => ({
          ...expert,
          rates: parsed ? rateCurve(ratesOf(parsed, expert), expert.steps) : [],
        })),
      };
    },
    preview: ({ expert, rows }, { signal }) =>
      engine.request('previewData', { recipe: recipe.path, text: recipe.text(), expert, rows }, { signal }),
    async start({ experts, isElsewhere }) {
      // The engine reads the file.
      await recipe.save();
      const run = await (isElsewhere ? runs.trainElsewhere(experts) : runs.train({ only: experts }));
      return { run: run?.id };
    },
    async pause({ run }) {
      await runOf(run).pause();
    },
    async stop({ run }) {
      await runOf(run).stop();
    },
    async resume({ run }) {
      runOf(run).resume();
    },
    follow: ({ run }) => curves.follow(runOf(run)),
    async checkpoints({ run }, { signal }) {
      const { checkpoints } = await engine.request('checkpoints', { recipe: recipe.path, run }, { signal });
      return { checkpoints };
    },
    async restore({ run, step }) {
      await recipe.save();
      const { experts } = runOf(run);
      return { run: (await runs.train({ only: [...experts], from: { run, step } }))?.id };
    },
    async promote({ run, step, expert, isBest }, { signal }) {
      const request = { recipe: recipe.path, run, step, expert, best: isBest };
      const { previous } = await engine.request('promote', request, { signal });
      return { previous };
    },
  };

  return {
    handlers,
    /** The document's text or whether it is saved is another. */
    recipeChanged: () => view.notify('form', form()),
    /** There is news of these. */
    runsChanged(ids: readonly string[]): void {
      const all = runs.all();
      view.notify('runs', { runs: all.map(shownRun) });
      for (const run of all.filter(({ id }) => ids.includes(id))) curves.changed(run);
    },
  };
}

/** An expert's schedule, with the peak that is planned. */
function ratesOf(recipe: Recipe, { name, learningRate }: PlannedExpert): RateSchedule {
  return { ...trainingSettingsOf(recipe, name), learningRate };
}

function shownRun(run: TrainingRun): ShownRun {
  const { id, experts, on, state, startedAt, progress, message, isHere } = run;
  const place = on && { on: placeName(on) };
  return {
    id,
    experts: [...experts],
    ...place,
    state,
    startedAt,
    progress,
    message,
    isHere,
    canResume: canResume(run),
  };
}
