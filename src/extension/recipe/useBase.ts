import { dirname, isAbsolute, relative } from 'node:path';
import { l10n, type Uri, window, workspace } from 'vscode';
import { WorkbenchError } from '../../protocol/errors.ts';
import { editDocument } from '../services/editDocument.ts';
import { requireTrust } from '../services/requireTrust.ts';

/** Writes a base into a recipe, as one edit that can be undone, and says what that means for its experts. */
export async function useBaseIn(uri: Uri, name: string): Promise<void> {
  requireTrust();
  const { parseRecipe } = await import('../../recipe/parse.ts');
  const { setBase } = await import('../../recipe/edit.ts');
  const document = await workspace.openTextDocument(uri);
  const { recipe } = parseRecipe(document.getText());
  const shown = workspace.asRelativePath(uri);
  if (!recipe)
    throw new WorkbenchError(
      'badRecipe',
      l10n.t('{0} has problems, so nothing is written into it.', shown),
      l10n.t('Open it first.'),
    );
  // A folder is named as the recipe sees it.
  const base = isAbsolute(name) ? relative(dirname(uri.fsPath), name).replaceAll('\\', '/') : name;
  await editDocument(document, setBase(document.getText(), base));
  const trained =
    Object.keys(recipe.experts).length > 0 ? ' Experts that were trained on another base do not fit it.' : '';
  const open = l10n.t('Open the Recipe');
  const picked = await window.showInformationMessage(l10n.t('{0} is the base of {1}.{2}', name, shown, trained), open);
  if (picked === open) await window.showTextDocument(document);
}
