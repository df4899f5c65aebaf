import { commands, type Disposable } from 'vscode';
import type { CommandId } from './contributions.ts';
import type { Report } from './report.ts';

/** Registers a handler for every command that the manifest has; what one throws is told. */
export function registerCommands(
  handlers: Record<CommandId, (...args: never[]) => unknown>,
  report: Report,
): Disposable[] {
  return Object.entries(handlers).map(([id, handler]) =>
    commands.registerCommand(id, async (...args: never[]) => {
      try {
        return await handler(...args);
      } catch (error) {
        report.error(error);
      }
    }),
  );
}
