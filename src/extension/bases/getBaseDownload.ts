import { ProgressLocation, window } from 'vscode';
import type { RequestOptions } from '../../client/engineClient.ts';
import { parseRepoName } from '../../hub/repoName.ts';
import type { DownloadResult } from '../../protocol/engine/models.ts';
import { WorkbenchError } from '../../protocol/errors.ts';
import { withSignal } from '../services/cancellation.ts';
import type { HostEngine } from '../services/hostEngine.ts';
import { isCancellation } from '../services/messages.ts';
import { hubSettings } from '../services/settings.ts';
import { progressText } from './getBaseItems.ts';
import { askToken, type HubTokens } from './token.ts';

/** Downloads `owner/name`, asking for a token where one is wanted; undefined when the user stopped it for good. */
export async function downloadBase(
  engine: HostEngine,
  tokens: HubTokens,
  name: string,
): Promise<DownloadResult | undefined> {
  const { endpoint, proxy } = hubSettings();
  const params = { ...parseRepoName(name)!, endpoint, proxy };
  for (;;) {
    try {
      return await withNotification(params.repo, options =>
        withToken(tokens, endpoint, token => engine.request('download', { ...params, token }, options)),
      );
    } catch (error) {
      if (!isCancellation(error)) throw error;
      if (!(await wantsToGoOn(name))) return undefined;
    }
  }
}

/** Sends with the token that is kept, and again with one that is asked for where that is what was missing. */
async function withToken<T>(
  tokens: HubTokens,
  endpoint: string,
  send: (token: string | undefined) => Promise<T>,
): Promise<T> {
  let token = await tokens.read(endpoint);
  for (;;) {
    try {
      return await send(token);
    } catch (error) {
      if (!(error instanceof WorkbenchError) || !mayNeedToken(error, token)) throw error;
      token = await askToken(tokens, endpoint, `${error.message}. ${error.hint}`);
      if (!token) throw error;
    }
  }
}

/** A notification that tells how far a download is and lets it be stopped. */
async function withNotification<T>(repo: string, work: (options: RequestOptions<'download'>) => Promise<T>) {
  const options = { location: ProgressLocation.Notification, title: `Downloading ${repo}`, cancellable: true };
  return window.withProgress(options, (progress, cancellation) =>
    withSignal(cancellation, signal => {
      let shown = 0;
      return work({
        signal,
        onProgress(told) {
          const percent = (100 * told.done) / told.total;
          progress.report({ message: progressText(told), increment: Math.max(0, percent - shown) });
          shown = Math.max(shown, percent);
        },
      });
    }),
  );
}

/** The hub does not tell those without a token whether a private model exists. */
function mayNeedToken({ code }: WorkbenchError, token: string | undefined): boolean {
  return code === 'denied' || (code === 'notFound' && token === undefined);
}

async function wantsToGoOn(name: string): Promise<boolean> {
  const message = `The download of ${name} is stopped. What has arrived is kept, and the next download goes on from there.`;
  return (await window.showInformationMessage(message, 'Go On')) === 'Go On';
}
