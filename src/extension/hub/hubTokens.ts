import { type SecretStorage, window } from 'vscode';
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
    title: `Token for ${host(endpoint)}`,
    prompt: why ?? `One that may read, from ${endpoint}/settings/tokens. It is kept in the editor's secret storage.`,
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
  if (await askToken(tokens, endpoint)) void window.showInformationMessage(`${host(endpoint)}: the token is kept.`);
}

export async function removeToken(tokens: HubTokens): Promise<void> {
  const { endpoint } = hubSettings();
  const had = await tokens.read(endpoint);
  await tokens.remove(endpoint);
  const what = had ? 'the token is removed.' : 'there is no token to remove.';
  void window.showInformationMessage(`${host(endpoint)}: ${what}`);
}

function host(endpoint: string): string {
  return new URL(endpoint).host;
}
