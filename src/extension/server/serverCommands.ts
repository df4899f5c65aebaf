import { commands, type Disposable, env, l10n, StatusBarAlignment, type StatusBarItem, window } from 'vscode';
import { visibleText } from '../../protocol/visibleText.ts';
import type { RunningServer } from '../../server/startServer.ts';
import { inNotification } from '../../text/shown.ts';
import type { CommandId } from '../contributions/commands.ts';
import type { ActiveRecipe } from '../recipe/activeRecipe.ts';
import type { HostEngine } from '../services/hostEngine.ts';
import { readSetting } from '../services/settings.ts';

const isServing = 'multiLora.isServing';
const actions = { copy: 'Copy Address', stop: 'Stop' } as const;

interface Serving {
  server: RunningServer;
  item: StatusBarItem;
  /** Whose experts are served. */
  name: string;
}

/** The window's experts for other programs: one server over its engine, which ends with the window. */
export function createServerCommands(engine: HostEngine, recipe: ActiveRecipe) {
  let serving: Promise<Serving> | undefined;

  async function begin(): Promise<Serving> {
    const { source, described } = await recipe.offer();
    // What it is made of takes longer to load than activation may.
    const { startServer } = await import('../../server/startServer.ts');
    // Whoever asks over it is not whom the editor could ask.
    const unattended: Pick<HostEngine, 'request'> = {
      request: (method, params, options) => engine.request(method, params, { ...options, isUnattended: true }),
    };
    const server = await startServer(unattended, { source, port: readSetting('server.port') });
    await commands.executeCommand('setContext', isServing, true);
    return { server, item: statusItem(server, described.name), name: described.name };
  }

  async function start(): Promise<void> {
    serving ??= begin().catch(error => {
      // The next to start tries again.
      serving = undefined;
      throw error;
    });
    const current = serving;
    const { server, name } = await current;
    const told = l10n.t('Multi-LoRA serves {0} at {1}', inNotification(name), server.url);
    const chosen = await window.showInformationMessage(told, actions.copy, actions.stop);
    if (chosen === actions.copy) await env.clipboard.writeText(server.url);
    if (chosen === actions.stop && serving === current) await stop();
  }

  async function stop(): Promise<void> {
    const ending = serving;
    serving = undefined;
    if (!ending) return;
    const { server, item } = await ending;
    item.dispose();
    await commands.executeCommand('setContext', isServing, false);
    await server.close();
  }

  return {
    handlers: { 'multiLora.startServer': start, 'multiLora.stopServer': stop },
    dispose: () => void stop().catch(() => {}),
  } satisfies Disposable & { handlers: Partial<Record<CommandId, () => Promise<void>>> };
}

/** That the experts are served, and where; a click offers to copy the address and to stop. */
function statusItem({ url, models }: RunningServer, name: string): StatusBarItem {
  const item = window.createStatusBarItem('multiLora.server', StatusBarAlignment.Right, 89);
  item.name = 'Multi-LoRA Server';
  item.text = `$(radio-tower) ${new URL(url).port}`;
  item.tooltip = visibleText(`Multi-LoRA serves ${name} at ${url} as ${models.join(', ')}`);
  item.accessibilityInformation = { label: l10n.t('Multi-LoRA server at {0}', url), role: 'button' };
  item.command = 'multiLora.startServer' satisfies CommandId;
  item.show();
  return item;
}
