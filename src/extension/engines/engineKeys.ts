import { l10n, type SecretStorage, window } from 'vscode';
import { WorkbenchError } from '../../protocol/errors.ts';
import type { ActiveRecipe } from '../recipe/activeRecipe.ts';

/** Keys of engines elsewhere, in the editor's secret storage, by the origin of their address: none is sent to another. */
export interface EngineKeys {
  all(): Promise<Record<string, string>>;
  /** Without a key the one that there is goes. */
  keep(origin: string, key: string): Promise<void>;
}

/** All in one: a secret storage does not say what is in it. */
const secret = 'engineKeys';

export function createEngineKeys(secrets: SecretStorage): EngineKeys {
  let known: Promise<Record<string, string>> | undefined;
  secrets.onDidChange(({ key }) => {
    if (key === secret) known = undefined;
  });
  const read = async () => JSON.parse((await secrets.get(secret)) ?? '{}') as Record<string, string>;
  return {
    all() {
      known ??= read();
      return known;
    },
    async keep(origin, key) {
      const { [origin]: _, ...others } = await read();
      await secrets.store(secret, JSON.stringify(key ? { ...others, [origin]: key } : others));
      known = undefined;
    },
  };
}

/** Asks for the key of an engine that the active recipe names. */
export async function setEngineKey(keys: EngineKeys, recipe: ActiveRecipe): Promise<void> {
  const { engines } = (await recipe.offer()).described;
  if (engines.length === 0)
    throw new WorkbenchError(
      'notFound',
      l10n.t('The active recipe names no engine elsewhere.'),
      l10n.t('Write one into its "engines", with its address.'),
    );
  const items = engines.map(({ name, url }) => ({ label: name, description: url, origin: new URL(url).origin }));
  const [only] = items;
  const chosen = items.length === 1 ? only : await window.showQuickPick(items, { title: l10n.t('Engine') });
  if (!chosen) return;
  const key = await window.showInputBox({
    title: l10n.t('Key for {0}', chosen.origin),
    prompt: l10n.t(
      "It is kept in the editor's secret storage, and sent to this address alone. Leave it empty to remove it.",
    ),
    password: true,
    ignoreFocusOut: true,
    validateInput: text =>
      /^[!-~]*$/.test(text.trim()) ? undefined : l10n.t('A key has no spaces and only plain characters.'),
  });
  if (key === undefined) return;
  await keys.keep(chosen.origin, key.trim());
  void window.showInformationMessage(
    key.trim() ? l10n.t('{0}: the key is kept.', chosen.origin) : l10n.t('{0}: the key is removed.', chosen.origin),
  );
}
