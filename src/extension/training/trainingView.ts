import { Disposable, l10n, Uri, type Webview } from 'vscode';
import type { Call } from '../../protocol/contract.ts';
import { trainingApi } from '../../protocol/views/training.ts';
import type { Offers } from '../../recipe/form.ts';
import { listForRecipe } from '../language/recipeListings.ts';
import { mayReplace } from '../runs/chooseTarget.ts';
import type { Run } from '../runs/run.ts';
import type { Runs } from '../runs/runs.ts';
import type { HostEngine } from '../services/hostEngine.ts';
import { requireTrust } from '../services/requireTrust.ts';
import { connectView } from '../webviews/connectView.ts';
import type { ViewContext } from '../webviews/webviewPanel.ts';
import { openRecipe } from './openRecipe.ts';
import { createTrainingHandlers, type RecipeRuns } from './trainingHandlers.ts';

export interface TrainingViewOptions {
  context: ViewContext;
  engine: HostEngine;
  runs: Runs;
  /** Tells of a run whose view was closed. */
  follow(run: Run): void;
  /** Trains experts on another machine that the user chooses; gives the first run there. */
  trainElsewhere(recipe: Uri, experts: string[]): Promise<Run | undefined>;
}

/** Milliseconds between two messages about what goes on. */
const pause = 100;

/** Puts a recipe's training view into a webview. A run goes on without it. */
export function connectTrainingView(webview: Webview, path: string, options: TrainingViewOptions): Disposable {
  const { context, engine, runs, follow, trainElsewhere } = options;
  const uri = Uri.file(path);
  const disposables: Disposable[] = [];
  let isClosed = false;

  const opened = openRecipe(path, () => formTimer.later());
  const made = opened.then(recipe => {
    if (isClosed) recipe.dispose();
    else disposables.push(recipe);
    return createTrainingHandlers({ recipe, engine, runs: recipeRuns, offers: () => offersOf(uri) }, view);
  });
  const named = { name: 'training' as const, title: l10n.t('Training'), subject: path };
  type Requests = (typeof trainingApi)['toHost']['requests'];
  // The page may ask before the document is open.
  const handlers = Object.fromEntries(
    Object.keys(trainingApi.toHost.requests).map(method => [
      method,
      async (params: never, call: Call) => {
        requireTrust();
        return (await made).handlers[method as keyof Requests](params, call);
      },
    ]),
  ) as never;
  const view = connectView(webview, context, named, trainingApi, handlers);

  const recipeRuns: RecipeRuns = {
    all: () => runs.of(uri).filter(({ kind }) => kind === 'train'),
    found: () => runs.found(),
    async train(wanted) {
      if (!(await mayReplace(engine, uri, wanted))) return undefined;
      const run = await runs.train(uri, wanted);
      // Whoever has closed the view is told as of any other run.
      void run.ended.then(() => {
        if (isClosed) follow(run);
      });
      return run;
    },
    trainElsewhere: experts => trainElsewhere(uri, experts),
  };
  const formTimer = timer(() => void made.then(({ recipeChanged }) => recipeChanged()).catch(unseen));
  /** Runs of which there is news. */
  const news = new Set<string>();
  const runTimer = timer(() => {
    const ids = [...news];
    news.clear();
    void made.then(({ runsChanged }) => runsChanged(ids)).catch(unseen);
  });
  // The page shows what is wrong when it asks.
  const unseen = () => {};
  disposables.push(
    view,
    formTimer,
    runTimer,
    runs.onDidChange(run => {
      if (run.kind !== 'train' || run.recipe.fsPath !== uri.fsPath) return;
      news.add(run.id);
      runTimer.later();
    }),
  );
  return new Disposable(() => {
    isClosed = true;
    for (const each of disposables) each.dispose();
  });
}

/** What the workspace offers where a recipe names files and bases. */
async function offersOf(recipe: Uri): Promise<Offers> {
  const [{ dataFiles }, { bases }] = await Promise.all([
    listForRecipe(recipe, 'dataFiles'),
    listForRecipe(recipe, 'bases'),
  ]);
  return path => {
    if (path.at(-2) === 'data' && path.at(-1) !== 'system') return dataFiles.map(({ name }) => name);
    return path.at(-1) === 'base' ? ['embedded', ...bases.map(({ name }) => name)] : [];
  };
}

/** Calls back some time after the first of several calls. */
function timer(work: () => void): Disposable & { later(): void } {
  let waiting: NodeJS.Timeout | undefined;
  return {
    later() {
      waiting ??= setTimeout(() => {
        waiting = undefined;
        work();
      }, pause);
    },
    dispose: () => clearTimeout(waiting),
  };
}
