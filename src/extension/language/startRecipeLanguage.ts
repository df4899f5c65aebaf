import { Disposable } from 'vscode';
import type { FollowNames } from '../recipe/followNames.ts';
import type { Runs } from '../runs/runs.ts';
import { registerCodeLenses } from './codeLenses.ts';
import { createRecipeDiagnostics } from './diagnostics.ts';
import { createOpenRecipes } from './openRecipes.ts';
import { registerProviders } from './providers.ts';
import { createRecipeWorlds } from './recipeWorlds.ts';

/** Problems, completion, hovers, lenses and the rest. */
export function startRecipeLanguage(
  extensionPath: string,
  runs: Runs,
  names: Pick<FollowNames, 'asked'>,
  warn: (message: string) => void,
): Disposable {
  const worlds = createRecipeWorlds(extensionPath, runs, warn);
  const recipes = createOpenRecipes(worlds);
  const diagnostics = createRecipeDiagnostics(recipes, worlds, extensionPath);
  return Disposable.from(
    diagnostics,
    ...registerProviders(recipes, worlds, diagnostics, names),
    registerCodeLenses(recipes, worlds, runs),
    recipes,
    worlds,
  );
}
