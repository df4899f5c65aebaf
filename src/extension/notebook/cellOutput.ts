import { type NotebookCellExecution, NotebookCellOutput, NotebookCellOutputItem } from 'vscode';
import type { StepOutput } from '../../protocol/notebookOutput.ts';
import { outputMime } from '../../protocol/outputMime.ts';
import { outputText } from '../../recipe/notebook/outputText.ts';
import { errorText } from '../services/messages.ts';

/** Shows an output in place of the one before; it is made when its turn has come, a few times a second. */
export type Show = (make: () => StepOutput) => void;

/** The output of a cell that is being run. */
export interface CellOutput {
  show: Show;
  /** Shows what waits for its turn. */
  flush(): Promise<void>;
  /** What was shown last. */
  last(): StepOutput | undefined;
}

/** Milliseconds between two updates of an output: as often as eyes can follow. */
const pause = 150;

/** `isOpen` until the cell cannot show anything any more. */
export function createCellOutput(execution: NotebookCellExecution, isOpen: () => boolean): CellOutput {
  let output: NotebookCellOutput | undefined;
  let waiting: (() => StepOutput) | undefined;
  let shown: StepOutput | undefined;
  let timer: NodeJS.Timeout | undefined;

  async function update(): Promise<void> {
    clearTimeout(timer);
    timer = undefined;
    if (!waiting) return;
    shown = waiting();
    waiting = undefined;
    if (!isOpen()) return;
    if (output) return execution.replaceOutputItems(outputItems(shown), output);
    output = new NotebookCellOutput(outputItems(shown));
    await execution.replaceOutput(output);
  }

  return {
    show(make) {
      waiting = make;
      timer ??= setTimeout(() => void update(), shown ? pause : 0);
    },
    flush: update,
    last: () => shown,
  };
}

/** The output to be drawn, as text and as JSON: to be copied and compared. */
export function outputItems(output: StepOutput): NotebookCellOutputItem[] {
  return [
    NotebookCellOutputItem.json(output, outputMime),
    NotebookCellOutputItem.text(outputText(output)),
    NotebookCellOutputItem.json(output, 'application/json'),
  ];
}

export function errorOutput(error: unknown): NotebookCellOutput {
  return new NotebookCellOutput([NotebookCellOutputItem.error({ name: 'Error', message: errorText(error) })]);
}
