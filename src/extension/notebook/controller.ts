import {
  type Disposable,
  type NotebookCell,
  type NotebookCellExecution,
  NotebookCellOutput,
  NotebookControllerAffinity,
  type NotebookDocument,
  notebooks,
  workspace,
} from 'vscode';
import type { SavedStep } from '../../recipe/notebook/savedOutputs.ts';
import { cellLanguage, notebookType } from '../contributions/editors.ts';
import { isCancellation, type Messages } from '../services/messages.ts';
import { createCellOutput, errorOutput, outputItems } from './cellOutput.ts';
import type { RunCell } from './runCell.ts';

/** Runs cells of recipes one after the other. */
export interface RecipeController extends Disposable {
  execute(cells: NotebookCell[]): Promise<void>;
  /** A cell waits for its turn or is being run. */
  isActive(cell: NotebookCell): boolean;
  /** Shows what an earlier execution came to. */
  restore(cell: NotebookCell, saved: SavedStep): Promise<void>;
  /** Calls back with the notebooks whose cells can be run from now on. */
  onReady(listener: (notebook: NotebookDocument) => void): void;
}

export type Keep = (cell: NotebookCell, execution: Omit<SavedStep, 'step'>) => Promise<void>;

export function createController(run: RunCell, keep: Keep, messages: Messages): RecipeController {
  const controller = notebooks.createNotebookController('multi-lora-engine', notebookType, 'Multi-LoRA Engine');
  controller.supportedLanguages = [cellLanguage];
  controller.supportsExecutionOrder = true;
  controller.executeHandler = cells => execute(cells);
  // Without it the editor asks which controller is to run a cell.
  const prefer = (notebook: NotebookDocument) =>
    notebook.notebookType === notebookType &&
    controller.updateNotebookAffinity(notebook, NotebookControllerAffinity.Preferred);
  workspace.notebookDocuments.forEach(prefer);
  const opening = workspace.onDidOpenNotebookDocument(prefer);
  const active = new Map<NotebookCell, NotebookCellExecution>();
  const turns = new WeakMap<NotebookDocument, Promise<void>>();
  let order = 0;

  function begin(cell: NotebookCell): NotebookCellExecution {
    const execution = controller.createNotebookCellExecution(cell);
    active.set(cell, execution);
    return execution;
  }

  function end(cell: NotebookCell, succeeded: boolean | undefined, at?: number): void {
    active.get(cell)?.end(succeeded, at);
    active.delete(cell);
  }

  /** What is being run goes on, and is kept when it ends; but there is nothing left to show it in. */
  const closing = workspace.onDidCloseNotebookDocument(notebook => {
    for (const cell of active.keys()) if (cell.notebook === notebook) end(cell, undefined);
  });

  /** All wait from now on, so that those whose turn has not come can be stopped too. */
  function execute(cells: NotebookCell[]): Promise<void> {
    const [first] = cells;
    if (!first) return Promise.resolve();
    const executions = cells.filter(cell => !active.has(cell)).map(begin);
    const turn = (turns.get(first.notebook) ?? Promise.resolve()).then(() => runAll(executions));
    turns.set(first.notebook, turn);
    return turn;
  }

  /** Until one fails or is stopped: what follows may build on it. */
  async function runAll(executions: NotebookCellExecution[]): Promise<void> {
    let goesOn = true;
    for (const execution of executions)
      if (goesOn && active.has(execution.cell) && !execution.token.isCancellationRequested)
        goesOn = await runOne(execution);
      else end(execution.cell, undefined);
  }

  async function runOne(execution: NotebookCellExecution): Promise<boolean> {
    const { cell } = execution;
    const [own, started] = [++order, Date.now()];
    execution.executionOrder = own;
    execution.start(started);
    await execution.clearOutput();
    const output = createCellOutput(execution, () => active.has(cell));
    let succeeded: boolean | undefined;
    try {
      succeeded = await run(cell, execution.token, output.show);
      await output.flush();
    } catch (error) {
      await output.flush();
      if (!isCancellation(error)) {
        succeeded = false;
        if (active.has(cell)) await execution.appendOutput(errorOutput(error));
      }
    }
    const ended = Date.now();
    end(cell, succeeded, ended);
    const last = output.last();
    if (last)
      await keep(cell, { order: own, started, ended, succeeded: succeeded === true, output: last }).catch(
        messages.error,
      );
    return succeeded === true;
  }

  return {
    execute,
    isActive: cell => active.has(cell),
    async restore(cell, { order: before, started, ended, succeeded, output }) {
      order = Math.max(order, before);
      const execution = begin(cell);
      execution.executionOrder = before;
      execution.start(started);
      await execution.replaceOutput(new NotebookCellOutput(outputItems(output)));
      end(cell, succeeded, ended);
    },
    onReady: listener => {
      controller.onDidChangeSelectedNotebooks(({ notebook, selected }) => selected && listener(notebook));
    },
    dispose() {
      opening.dispose();
      closing.dispose();
      controller.dispose();
    },
  };
}
