import { basename } from 'node:path';
import { l10n, Range, type Uri, WorkspaceEdit, window, workspace } from 'vscode';
import { addExpert } from '../../recipe/edit.ts';
import type { ExpertData } from '../../recipe/expertData.ts';
import { namePattern, nameRule, reservedNames } from '../../recipe/names.ts';
import { expertNames } from '../../recipe/recipeForData.ts';
import type { ActiveRecipe } from './activeRecipe.ts';

/** A recipe that gets the experts, '' for a new one, of which `besides` says where; undefined where the user gave up. */
export async function chooseRecipe(active: ActiveRecipe, besides: string): Promise<string | undefined> {
  const recipes = await active.recipes();
  if (recipes.length === 0) return '';
  const items = [
    { label: l10n.t('$(new-file) New recipe'), detail: besides, path: '' },
    ...recipes.map(path => ({
      label: `$(file-code) ${workspace.asRelativePath(path)}`,
      detail: l10n.t('Add to it'),
      path,
    })),
  ];
  return (await window.showQuickPick(items, { title: l10n.t('Recipe that the expert is written into') }))?.path;
}

/** Asks for a name for the expert of each dataset. */
export async function askNames(data: string[], taken: readonly string[]): Promise<string[] | undefined> {
  const names: string[] = [];
  for (const [i, suggested] of expertNames(data).entries()) {
    const others = [...taken, ...names];
    const name = await window.showInputBox({
      title:
        data.length > 1 ? l10n.t('Name of the expert ({0} of {1})', i + 1, data.length) : l10n.t('Name of the expert'),
      prompt: l10n.t('It learns from {0}.', basename(data[i]!)),
      value: suggested,
      validateInput: text => nameProblem(text.trim(), others),
    });
    if (name === undefined) return undefined;
    names.push(name.trim());
  }
  return names;
}

function nameProblem(name: string, taken: readonly string[]): string | undefined {
  if (!namePattern.test(name)) return l10n.t('A name {0}.', nameRule);
  if (reservedNames.includes(name)) return l10n.t('“{0}” has another meaning; choose another name.', name);
  return taken.includes(name) ? l10n.t('The recipe has an expert “{0}” already.', name) : undefined;
}

/** Adds experts to a recipe, of data as it writes it; its editor can undo it. */
export async function addExperts(recipe: string, data: ExpertData[], names: string[]): Promise<Uri> {
  const document = await workspace.openTextDocument(recipe);
  const before = document.getText();
  const text = names.reduce((written, name, i) => addExpert(written, name, data[i]!), before);
  const edit = new WorkspaceEdit();
  edit.replace(document.uri, new Range(document.positionAt(0), document.positionAt(before.length)), text);
  await workspace.applyEdit(edit);
  await document.save();
  return document.uri;
}
