import { InputBoxValidationSeverity, type TextDocument, type Uri, window, workspace } from 'vscode';
import { WorkbenchError } from '../../protocol/errors.ts';
import { saveBlend } from '../../recipe/edit.ts';
import { namePattern, nameRule } from '../../recipe/names.ts';
import { parseRecipe } from '../../recipe/parse.ts';
import { weightList } from '../../text/numbers.ts';
import { editDocument } from '../services/editDocument.ts';

/** Asks for a name and writes the blend into the recipe, as one edit that can be undone; undefined where that was cancelled. */
export async function saveBlendInRecipe(recipe: Uri, weights: Record<string, number>): Promise<string | undefined> {
  const document = await workspace.openTextDocument(recipe);
  const { blends } = readable(document);
  const name = await window.showInputBox({
    title: `Save ${weightList(weights) || 'the base alone'} as a Blend`,
    prompt: 'Name of the blend in the recipe',
    validateInput(value) {
      if (!namePattern.test(value)) return nameRule;
      const message = `Replaces ${weightList(blends[value] ?? {})}.`;
      return Object.hasOwn(blends, value) ? { message, severity: InputBoxValidationSeverity.Warning } : undefined;
    },
  });
  if (!name) return undefined;
  readable(document);
  await editDocument(document, saveBlend(document.getText(), name, weights));
  return name;
}

function readable(document: TextDocument) {
  const { recipe } = parseRecipe(document.getText());
  if (recipe) return recipe;
  throw new WorkbenchError(
    'badRecipe',
    `${workspace.asRelativePath(document.uri)} has problems, so the blend cannot be written into it.`,
    'Open it: they are marked in its text.',
  );
}
