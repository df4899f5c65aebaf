import { basename } from 'node:path';
import { CancellationError, type LogOutputChannel, l10n, Range, Uri, window } from 'vscode';
import { errorSentences, WorkbenchError } from '../../protocol/errors.ts';
import { visibleText } from '../../protocol/visibleText.ts';
import { inNotification } from '../../text/shown.ts';

/** The one place that shows error messages. */
export interface Messages {
  /** Tells what failed and what to do; `actions` are its buttons. Cancellation is no error. */
  error(error: unknown, actions?: Record<string, () => unknown>): void;
  /** Tells what the engine says of itself. */
  warning(message: string): void;
  /** Tells that the engine's process ended; while that message is open, no second one comes. */
  engineLost(lost: WorkbenchError): void;
}

export function createMessages(log: LogOutputChannel): Messages {
  let isTelling = false;
  const tell = async (show: () => Thenable<string | undefined>) => {
    if ((await show()) === l10n.t('Show Log')) log.show();
  };
  const tellError = async (error: unknown, actions: Record<string, () => unknown>) => {
    const place = firstPlace(error);
    const open = place && l10n.t('Open {0}:{1}', basename(place.path), place.line);
    const chosen = await window.showErrorMessage(
      inNotification(errorText(error)),
      ...(open ? [open] : []),
      ...Object.keys(actions),
      l10n.t('Show Log'),
    );
    if (chosen === l10n.t('Show Log')) log.show();
    if (place && chosen === open) await showLine(place.path, place.line);
    if (chosen !== undefined) await actions[chosen]?.();
  };
  return {
    error(error, actions = {}) {
      if (isCancellation(error)) return;
      log.error(visibleText(error instanceof Error ? (error.stack ?? error.message) : String(error)));
      void tellError(error, actions);
    },
    warning(told) {
      const message = visibleText(told);
      log.warn(message);
      void tell(() =>
        window.showWarningMessage(l10n.t('Multi-LoRA: {0}', inNotification(message)), l10n.t('Show Log')),
      );
    },
    engineLost(lost) {
      log.error(lost.message);
      if (isTelling) return;
      isTelling = true;
      const [first] = lost.message.split('\n');
      void tell(() =>
        window.showWarningMessage(
          l10n.t('Multi-LoRA: {0}. It restarts by itself, and what was under way continues.', inNotification(first!)),
          l10n.t('Show Log'),
        ),
      ).finally(() => {
        isTelling = false;
      });
    },
  };
}

/** The line of a file that the first problem speaks of, as `path:line`. */
function firstPlace(error: unknown): { path: string; line: number } | undefined {
  const [problem] = error instanceof WorkbenchError ? error.problems : [];
  const [, path, line] = /^(.*[/\\].+):(\d+)$/.exec(problem?.where ?? '') ?? [];
  return path && line ? { path, line: Number(line) } : undefined;
}

async function showLine(path: string, line: number): Promise<void> {
  await window.showTextDocument(Uri.file(path), { selection: new Range(line - 1, 0, line - 1, 0) });
}

/** An error in words: what went wrong, and what to do about it. */
export function errorText(error: unknown): string {
  if (error instanceof WorkbenchError) return errorSentences(error.message, error.hint);
  return visibleText(error instanceof Error ? error.message : String(error));
}

export function isCancellation(error: unknown): boolean {
  return error instanceof CancellationError || (error instanceof Error && error.name === 'AbortError');
}
