import { Disposable, type NotebookDocument, workspace } from 'vscode';
import {
  isRecipeNotebook,
  readRecipeOf,
  roleOfCell,
  runnableCells,
  stepOfCell,
  valueOfCell,
} from '../recipe/recipeNotebook.ts';
import type { Run } from '../runs/run.ts';
import type { Runs } from '../runs/runs.ts';
import type { HostEngine } from '../services/hostEngine.ts';
import type { Messages } from '../services/messages.ts';
import { createController } from './controller.ts';
import { createOutputsFile } from './outputsFile.ts';
import { createRunCell } from './runCell.ts';
import { isRunOf } from './runStep.ts';

/** What open notebooks need: running their cells, finding what they came to. */
export function startRecipeNotebooks(engine: HostEngine, runs: Runs, messages: Messages): Disposable {
  const outputs = createOutputsFile();
  const controller = createController(
    createRunCell(engine, runs),
    async (cell, execution) => {
      if (roleOfCell(cell) === 'step') await outputs.keep(cell, { step: valueOfCell(cell), ...execution });
    },
    messages,
  );
  /** Runs that a cell shows, or that no cell has. */
  const placed = new Set<string>();

  async function open(notebook: NotebookDocument): Promise<void> {
    for (const [cell, saved] of await outputs.read(notebook))
      if (!controller.isActive(cell) && cell.outputs.length === 0) await controller.restore(cell, saved);
    if (!workspace.isTrusted) return;
    await runs.found();
    for (const run of runs.of(notebook.uri)) if (run.state === 'running') showRun(run, notebook);
  }

  /** The first cell that says what a run does shows it, unless another does already. */
  function showRun(run: Run, notebook: NotebookDocument): void {
    if (!readRecipeOf(notebook).recipe) return;
    const cells = runnableCells(notebook).filter(cell => {
      const { recipe, step } = stepOfCell(cell);
      return (step.do === 'train' || step.do === 'evaluate') && isRunOf(run, step, recipe);
    });
    if (cells[0] && !cells.some(controller.isActive)) void controller.execute([cells[0]]).catch(messages.error);
  }

  function place(run: Run): void {
    if (run.state !== 'running') return void placed.delete(run.id);
    if (placed.has(run.id)) return;
    placed.add(run.id);
    for (const notebook of workspace.notebookDocuments)
      if (isRecipeNotebook(notebook) && notebook.uri.fsPath === run.recipe.fsPath) showRun(run, notebook);
  }

  controller.onReady(notebook => void open(notebook).catch(messages.error));
  return Disposable.from(
    controller,
    runs.onDidChange(place),
    workspace.onDidChangeNotebookDocument(({ notebook, cellChanges }) => {
      if (!isRecipeNotebook(notebook)) return;
      const cleared = cellChanges.filter(({ cell, outputs: now }) => now?.length === 0 && !controller.isActive(cell));
      for (const { cell } of cleared) void outputs.keep(cell, undefined).catch(messages.error);
    }),
  );
}
