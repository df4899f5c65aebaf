import { type CancellationToken, l10n, type NotebookCell, workspace } from 'vscode';
import { WorkbenchError } from '../../protocol/errors.ts';
import type { CheckOutput } from '../../protocol/notebookOutput.ts';
import { checkDefinition } from '../../recipe/notebook/outputs.ts';
import { readRecipeOf, roleOfCell, stepOfCell } from '../recipe/recipeNotebook.ts';
import type { Runs } from '../runs/runs.ts';
import { withSignal } from '../services/cancellation.ts';
import type { HostEngine } from '../services/hostEngine.ts';
import type { Show } from './cellOutput.ts';
import { runStep } from './runStep.ts';

/** Runs a cell; false where it found something wrong and shows it. */
export type RunCell = (cell: NotebookCell, token: CancellationToken, show: Show) => Promise<boolean>;

/** Steps are run; definitions are checked. */
export function createRunCell(engine: HostEngine, runs: Runs): RunCell {
  return async (cell, token, show) => {
    if (!workspace.isTrusted)
      throw new WorkbenchError(
        'denied',
        l10n.t('This workspace is not trusted, so nothing of it is run.'),
        l10n.t('Trust it first.'),
      );
    const role = roleOfCell(cell);
    if (role === 'definition') return check(cell, show);
    if (role === 'blank') return true;
    const { recipe, step } = stepOfCell(cell);
    await save(cell);
    await withSignal(token, signal => runStep(step, { uri: cell.notebook.uri, recipe, engine, runs, signal, show }));
    return true;
  };
}

function check(cell: NotebookCell, show: Show): boolean {
  const { text, problems } = readRecipeOf(cell.notebook);
  const output: CheckOutput =
    text === undefined
      ? { kind: 'check', problems: problems.map(p => p.message), values: {} }
      : checkDefinition(text, cell.document.getText());
  show(() => output);
  return output.problems.length === 0;
}

/** The engine reads the recipe from the disk. */
async function save({ notebook }: NotebookCell): Promise<void> {
  if (notebook.isDirty && !(await notebook.save()))
    throw new WorkbenchError('storage', l10n.t('The recipe could not be saved, so it was not run.'));
}
