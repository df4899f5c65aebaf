import { CancellationError, type LogOutputChannel, window } from 'vscode';
import { WorkbenchError } from '../shared/errors.ts';

/** The one place that shows error messages. */
export interface Report {
  /** Tells what failed and what to do. Cancellation is no error; a lost engine has been told of already. */
  error(error: unknown): void;
  /** Tells what the engine says of itself. */
  warning(message: string): void;
  /** Tells that the engine's process ended; while that message is open, no second one comes. */
  engineLost(lost: WorkbenchError): void;
}

export function createReport(log: LogOutputChannel): Report {
  let isTelling = false;
  const tell = async (show: () => Thenable<string | undefined>) => {
    if ((await show()) === 'Show Log') log.show();
  };
  return {
    error(error) {
      if (isCancellation(error)) return;
      log.error(error instanceof Error ? (error.stack ?? error.message) : String(error));
      if (error instanceof WorkbenchError && error.code === 'engineLost' && isTelling) return;
      void tell(() => window.showErrorMessage(errorText(error), 'Show Log'));
    },
    warning(message) {
      log.warn(message);
      void tell(() => window.showWarningMessage(`Multi-LoRA: ${message}`, 'Show Log'));
    },
    engineLost(lost) {
      log.error(lost.message);
      if (isTelling) return;
      isTelling = true;
      const [first] = lost.message.split('\n');
      void tell(() =>
        window.showWarningMessage(
          `Multi-LoRA: ${first}. It starts again by itself; what was under way is asked again.`,
          'Show Log',
        ),
      ).finally(() => {
        isTelling = false;
      });
    },
  };
}

/** An error in words: what went wrong, and what to do about it. */
export function errorText(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error instanceof WorkbenchError && error.hint ? `${error.message} ${error.hint}` : error.message;
}

export function isCancellation(error: unknown): boolean {
  return error instanceof CancellationError || (error instanceof Error && error.name === 'AbortError');
}
