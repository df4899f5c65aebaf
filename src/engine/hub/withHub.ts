import { WorkbenchError } from '../../protocol/errors.ts';
import type { HubDownload } from './bringFiles.ts';
import type { HubRequest } from './hubErrors.ts';
import { type HubFetch, openHubFetch } from './hubFetch.ts';
import { hubLimits } from './hubLimits.ts';

/** Opens a hub for one piece of work, and closes it behind that. No error repeats the token. */
export async function withHub<T>(
  request: Pick<HubDownload, 'endpoint' | 'token' | 'proxy' | 'signal' | 'limits'>,
  about: Pick<HubRequest, 'kind' | 'repo' | 'revision'>,
  work: (hub: HubFetch) => Promise<T>,
): Promise<T> {
  const hub = await openHubFetch({ ...request, ...about, limits: { ...hubLimits, ...request.limits } });
  try {
    return await work(hub);
  } catch (error) {
    throw withoutToken(error, request.token);
  } finally {
    await hub.close();
  }
}

/** An error with which a hub repeats the token it was given, without it. */
function withoutToken(error: unknown, token: string | undefined): unknown {
  if (!token || !(error instanceof WorkbenchError) || !`${error.message}${error.hint}`.includes(token)) return error;
  const without = (text: string) => text.replaceAll(token, '(the token)');
  return new WorkbenchError(error.code, without(error.message), error.hint && without(error.hint), error.problems);
}
