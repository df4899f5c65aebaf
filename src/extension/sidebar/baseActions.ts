import { existsSync } from 'node:fs';
import { l10n, Uri, window } from 'vscode';
import { WorkbenchError } from '../../protocol/errors.ts';
import { bytes } from '../../text/numbers.ts';
import { type ActiveRecipe, ownRecipe } from '../recipe/activeRecipe.ts';
import { useBaseIn } from '../recipe/useBase.ts';
import type { HostEngine } from '../services/hostEngine.ts';
import { requireTrust } from '../services/requireTrust.ts';
import type { BaseRef } from './baseRows.ts';

/** Writes a base into the active recipe, as one edit that can be undone. */
export async function useBase(active: ActiveRecipe, { name }: BaseRef): Promise<void> {
  requireTrust();
  const own = ownRecipe(await active.offer());
  if (!own)
    throw new WorkbenchError('notFound', l10n.t('No recipe is active in this workspace.'), l10n.t('Select one first.'));
  await useBaseIn(Uri.file(own), name);
}

/** Deletes a model from the Hugging Face cache, once the user has said so. */
export async function deleteBase(engine: HostEngine, { name, folder, cached, bytes: size }: BaseRef): Promise<void> {
  requireTrust();
  if (!cached) return;
  const remove = 'Delete';
  const others = /\.gguf$/i.test(folder)
    ? ` Every file of ${cached.repo} that is here at that commit goes with it.`
    : '';
  const detail = l10n.t(
    "About {0} are freed on the disk.{1} The cache is shared with Python's Hugging Face tools, which then have to download the model again, too.",
    bytes(size),
    others,
  );
  const question = l10n.t('Delete {0} from the Hugging Face cache?', name);
  if ((await window.showWarningMessage(question, { modal: true, detail }, remove)) !== remove) return;
  const { bytes: freed } = await engine.request('removeModel', cached);
  void window.showInformationMessage(l10n.t('{0} is deleted: {1} are free again.', name, bytes(freed)));
}

/** The folder of a base as something to be shown; of a model's, the file that describes it. */
export function baseUri({ folder }: BaseRef): Uri {
  const config = Uri.joinPath(Uri.file(folder), 'config.json');
  return existsSync(config.fsPath) ? config : Uri.file(folder);
}
