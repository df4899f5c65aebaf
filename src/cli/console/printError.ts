import { WorkbenchError } from '../../protocol/errors.ts';
import { visibleText } from '../../protocol/visibleText.ts';
import type { Terminal } from './terminal.ts';

/** Tells a user what failed and what to do. */
export function printError(error: unknown, terminal: Terminal): void {
  terminal.note(`error: ${error instanceof Error ? error.message : String(error)}`);
  if (!(error instanceof WorkbenchError)) return;
  // Most messages list their problems already, some of them shortened.
  const isListed = error.problems.some(p => error.message.includes(visibleText(p.message)));
  if (!isListed) for (const problem of error.problems) terminal.note(`  ${problem.message}`);
  if (error.hint) terminal.note(`hint: ${error.hint}`);
}
