import { commands, type Disposable, l10n } from 'vscode';
import { WorkbenchError } from '../../protocol/errors.ts';
import type { CommandId } from '../contributions/commands.ts';
import { treeCommands } from '../contributions/treeCommands.ts';
import type { Messages } from './messages.ts';

/** Registers a handler for every command that the manifest has; what one throws is told. */
export function registerCommands(
  handlers: Record<CommandId, (...args: never[]) => unknown>,
  messages: Messages,
): Disposable[] {
  return Object.entries(handlers).map(([id, handler]) =>
    commands.registerCommand(id, async (...args: never[]) => {
      try {
        if (id in treeCommands && args.length > 0 && args[0] === undefined) throw gone();
        return await handler(...meant(args));
      } catch (error) {
        messages.error(error);
      }
    }),
  );
}

/** A tree hands its rows, and which are selected, to the commands of its menus: what a row is about is what is meant. */
function meant(args: never[]): never[] {
  const [first] = args as unknown[];
  return typeof first === 'object' && first !== null && 'about' in first ? ([first.about] as never[]) : args;
}

/** The editor finds no row any more for the menu that was open. */
function gone(): WorkbenchError {
  return new WorkbenchError('notFound', l10n.t('That row is no longer in the view.'), l10n.t('Choose it again.'));
}
