import { CodeLens, type Disposable, EventEmitter, languages, type Uri, workspace } from 'vscode';
import { type Lens, type LensAction, lensesOf } from '../../recipe/language/lenses.ts';
import type { CommandId } from '../contributions/commands.ts';
import type { Run } from '../runs/run.ts';
import type { Runs } from '../runs/runs.ts';
import { stateText } from '../runs/runText.ts';
import { type OpenRecipes, rangeIn, recipeSelector } from './openRecipes.ts';
import type { RecipeWorlds } from './recipeWorlds.ts';

/** Milliseconds between two looks at a run that goes on. */
const pause = 1000;

/** Above each part of a recipe what can be done with it, and how its last run stands. */
export function registerCodeLenses(recipes: OpenRecipes, worlds: RecipeWorlds, runs: Runs): Disposable {
  const changed = new EventEmitter<void>();
  let timer: NodeJS.Timeout | undefined;
  const later = () => {
    timer ??= setTimeout(() => {
      timer = undefined;
      changed.fire();
    }, pause);
  };
  const disposables = [
    changed,
    runs.onDidChange(later),
    worlds.onDidChange(later),
    workspace.onDidGrantWorkspaceTrust(later),
    languages.registerCodeLensProvider(recipeSelector, {
      onDidChangeCodeLenses: changed.event,
      async provideCodeLenses(document) {
        // Nothing runs in a workspace that is not trusted.
        if (!workspace.isTrusted) return [];
        await runs.found();
        const { reading, world } = recipes.whole(document);
        const lenses = lensesOf(reading, runs.of(document.uri).map(toLensRun), world());
        return lenses.map(lens => new CodeLens(rangeIn(document, lens.range), commandOf(lens, document.uri)));
      },
    }),
  ];
  return {
    dispose() {
      clearTimeout(timer);
      for (const d of disposables) d.dispose();
    },
  };
}

function toLensRun(run: Run) {
  // A first line that announces a list ends in a colon.
  const failed = `failed: ${(run.message ?? '').split('\n', 1)[0]!.replace(/:$/, '')}`;
  return {
    ...{ kind: run.kind, experts: run.experts, state: run.state, hasReport: run.result?.htmlPath !== undefined },
    text: (expert?: string) => (run.state === 'failed' ? failed : stateText(run, expert)),
  };
}

function commandOf({ title, action, name }: Lens, recipe: Uri): CodeLens['command'] {
  if (!action) return { title, command: '' };
  const [command, args] = commands[action](recipe, name);
  return { title, command, arguments: args };
}

const commands: Record<LensAction, (recipe: Uri, name?: string) => [CommandId, unknown[]]> = {
  configure: recipe => ['multiLora.openTraining', [recipe]],
  train: (recipe, name) => ['multiLora.train', [recipe, name && { only: [name] }]],
  resume: recipe => ['multiLora.resumeTraining', [recipe]],
  stop: recipe => ['multiLora.stopTraining', [recipe]],
  ask: (recipe, name) => ['multiLora.askOfRecipe', [recipe, { kind: 'expert', name }]],
  blend: (recipe, name) => ['multiLora.openBlendLab', [recipe, name]],
  merge: (recipe, name) => ['multiLora.merge', [recipe, name]],
  measure: (recipe, name) => ['multiLora.measure', [recipe, name]],
  evaluate: recipe => ['multiLora.evaluate', [recipe]],
  report: recipe => ['multiLora.openReport', [recipe]],
};
