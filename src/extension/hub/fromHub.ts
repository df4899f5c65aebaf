import { type CancellationToken, commands, l10n, ProgressLocation, window } from 'vscode';
import type { DownloadProgress, HubAccess } from '../../protocol/engine/models.ts';
import { type ErrorCode, WorkbenchError } from '../../protocol/errors.ts';
import { inNotification } from '../../text/shown.ts';
import { withSignal } from '../services/cancellation.ts';
import { errorText, isCancellation } from '../services/messages.ts';
import { hubSettings, openMachineSettings } from '../services/settings.ts';
import { askToken, type HubTokens } from './hubTokens.ts';
import { progressText } from './progressText.ts';

/** Downloads what a name stands for, with a notification that lets it be stopped; undefined when it was, for good, or failed for good. */
export async function downloadFromHub<T>(
  tokens: HubTokens,
  name: string,
  send: (from: HubAccess, options: { signal: AbortSignal; onProgress(told: DownloadProgress): void }) => Promise<T>,
): Promise<T | undefined> {
  for (;;) {
    try {
      return await withNotification(l10n.t('Downloading {0}', name), (cancellation, report) =>
        withSignal(cancellation, signal => withToken(tokens, from => send(from, { signal, onProgress: report }))),
      );
    } catch (error) {
      if (isCancellation(error)) {
        if (!(await wantsToGoOn(name))) return undefined;
      } else if (!(await wantsToRetry(error))) return undefined;
    }
  }
}

/** Asks the hub something, with a notification; undefined when the user does not wait for it, or it failed for good. */
export async function askHub<T>(
  tokens: HubTokens,
  title: string,
  send: (from: HubAccess, options: { signal: AbortSignal }) => Promise<T>,
): Promise<T | undefined> {
  for (;;) {
    try {
      return await withNotification(title, cancellation =>
        withSignal(cancellation, signal => withToken(tokens, from => send(from, { signal }))),
      );
    } catch (error) {
      if (isCancellation(error) || !(await wantsToRetry(error))) return undefined;
    }
  }
}

/** Sends with the token that is kept, and again with one that is asked for where that is what was missing. */
async function withToken<T>(tokens: HubTokens, send: (from: HubAccess) => Promise<T>): Promise<T> {
  const { endpoint, proxy } = hubSettings();
  let token = await tokens.read(endpoint);
  for (;;) {
    try {
      return await send({ endpoint, proxy, token });
    } catch (error) {
      if (!(error instanceof WorkbenchError) || !mayNeedToken(error, token)) throw error;
      token = await askToken(tokens, endpoint, `${error.message}. ${error.hint}`);
      if (!token) throw error;
    }
  }
}

/** A notification that tells how far a download is. */
async function withNotification<T>(
  title: string,
  work: (cancellation: CancellationToken, report: (told: DownloadProgress) => void) => Promise<T>,
): Promise<T> {
  const options = { location: ProgressLocation.Notification, title, cancellable: true };
  return window.withProgress(options, (progress, cancellation) => {
    let shown = 0;
    return work(cancellation, told => {
      const percent = (100 * told.done) / told.total;
      progress.report({ message: progressText(told), increment: Math.max(0, percent - shown) });
      shown = Math.max(shown, percent);
    });
  });
}

/** The hub does not tell those without a token whether a private model or dataset exists. */
function mayNeedToken({ code }: WorkbenchError, token: string | undefined): boolean {
  return code === 'denied' || (code === 'notFound' && token === undefined);
}

/** What another attempt, or another setting, may mend, and the settings that it may be. */
const mendable: Partial<Record<ErrorCode, string>> = {
  network: 'multiLora.hub',
  denied: 'multiLora.hub',
  notFound: 'multiLora.hub',
  storage: 'multiLora.modelFolder',
};

/** Tells what failed, and asks whether to try again. Throws what no attempt can mend. */
async function wantsToRetry(error: unknown): Promise<boolean> {
  const settings = error instanceof WorkbenchError ? mendable[error.code] : undefined;
  if (settings === undefined) throw error;
  const [retry, open] = [l10n.t('Retry'), l10n.t('Open Settings')];
  const picked = await window.showWarningMessage(inNotification(errorText(error)), retry, open);
  if (picked === open) await commands.executeCommand(openMachineSettings(), { query: settings });
  return picked === retry;
}

async function wantsToGoOn(name: string): Promise<boolean> {
  const message = l10n.t(
    'The download of {0} was stopped. What has arrived is kept, and the next download continues from there.',
    name,
  );
  return (await window.showInformationMessage(message, l10n.t('Continue'))) === l10n.t('Continue');
}
