import { l10n, window, workspace } from 'vscode';
import type { ActiveRecipe } from '../recipe/activeRecipe.ts';
import type { AllowedServers, Decision, UnknownServer } from '../services/allowedServers.ts';

/** Asks whether prompts may go to a server, and says what goes with them. */
export async function askForServer({ origin, recipe }: UnknownServer): Promise<Decision | undefined> {
  const [allow, here] = [l10n.t('Allow'), l10n.t('Answer Here for Now')];
  const message = l10n.t('Send the prompts of this workspace to {0}?', origin);
  const detail = [
    recipe === undefined ? '' : l10n.t('The recipe {0} has its answers from there.', workspace.asRelativePath(recipe)),
    l10n.t(
      'With a prompt goes what is attached to it: selected code, files, the conversation. In an evaluation its held-out examples go there, and where the server loads adapters, those of the experts.',
    ),
    l10n.t('“Servers That Get Prompts…” takes it back.'),
  ];
  const text = detail.filter(Boolean).join('\n\n');
  const picked = await window.showWarningMessage(message, { modal: true, detail: text }, allow, here);
  if (picked === allow) return 'there';
  return picked === here ? 'here' : undefined;
}

/**
 * Shows the servers that get prompts of this workspace, those that were declined, and those that the active recipe names; the
 * user says which may.
 */
export async function chooseServers(servers: AllowedServers, recipe: ActiveRecipe): Promise<void> {
  const { engines } = (await recipe.offer()).described;
  // What it is made of takes longer to load than activation may.
  const { isLoopback } = await import('../../server/http/guards.ts');
  const elsewhere = engines.filter(({ url }) => !isLoopback(new URL(url).hostname.replace(/^\[(.*)\]$/, '$1')));
  const names = new Map(elsewhere.map(({ name, url }) => [new URL(url).origin, name]));
  const allowed = servers.all();
  const origins = [...new Set([...allowed, ...servers.declined(), ...names.keys()])];
  if (origins.length === 0) {
    void window.showInformationMessage(
      l10n.t('Prompts stay on this machine: the active recipe names no server elsewhere, and none was allowed.'),
    );
    return;
  }
  const items = origins.map(origin => ({
    label: origin,
    description: names.has(origin) ? l10n.t('engine {0} of the active recipe', names.get(origin)!) : '',
    picked: allowed.includes(origin),
  }));
  const title = l10n.t('Servers that get prompts of this workspace');
  const chosen = await window.showQuickPick(items, { title, canPickMany: true });
  if (chosen) await servers.allow(chosen.map(({ label }) => label));
}
