import { l10n, type SecretStorage, window } from 'vscode';
import { hubSettings } from '../services/settings.ts';

/** Tokens for downloads, in the editor's secret storage: one for each address, so that none is sent to another. */
export interface HubTokens {
  read(endpoint: string): Thenable<string | undefined>;
  keep(endpoint: string, token: string): Thenable<void>;
  remove(endpoint: string): Thenable<void>;
}

export function createHubTokens(secrets: SecretStorage): HubTokens {
  const key = (endpoint: string) => `hubToken ${new URL(endpoint).origin}`;
  return {
    read: endpoint => secrets.get(key(endpoint)),
    keep: (endpoint, token) => secrets.store(key(endpoint), token),
    remove: endpoint => secrets.delete(key(endpoint)),
  };
}

/** Asks for the token of an address and keeps it; undefined when the user gives none. */
export async function askToken(tokens: HubTokens, endpoint: string, why?: string): Promise<string | undefined> {
  const token = await window.showInputBox({
    title: l10n.t('Token for {0}', host(endpoint)),
    prompt:
      why ??
      l10n.t(
        "A token with read access, from {0}/settings/tokens. It is kept in the editor's secret storage.",
        endpoint,
      ),
    placeHolder: 'hf_…',
    password: true,
    ignoreFocusOut: true,
    validateInput: text =>
      /^[!-~]*$/.test(text.trim()) ? undefined : 'A token has no spaces and only plain characters.',
  });
  const given = token?.trim();
  if (!given) return undefined;
  await tokens.keep(endpoint, given);
  return given;
}

export async function setToken(tokens: HubTokens): Promise<void> {
  const { endpoint } = hubSettings();
  if (await askToken(tokens, endpoint))
    void window.showInformationMessage(l10n.t('{0}: the token is kept.', host(endpoint)));
}

export async function removeToken(tokens: HubTokens): Promise<void> {
  const { endpoint } = hubSettings();
  const had = await tokens.read(endpoint);
  await tokens.remove(endpoint);
  const told = had
    ? l10n.t('{0}: the token is removed.', host(endpoint))
    : l10n.t('{0}: there is no token to remove.', host(endpoint));
  void window.showInformationMessage(told);
}

function host(endpoint: string): string {
  return new URL(endpoint).host;
}
