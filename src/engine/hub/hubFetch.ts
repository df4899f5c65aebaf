import { WorkbenchError } from '../../protocol/errors.ts';
import { connectionError, type HubRequest, statusError } from './hubErrors.ts';

export interface HubFetchOptions extends HubRequest {
  /** The proxy's address; without it HTTPS_PROXY, HTTP_PROXY and NO_PROXY count. */
  proxy?: string;
  signal: AbortSignal;
}

/** Milliseconds without a byte after which a connection counts as lost. */
const silence = 60_000;

const proxyVariables = ['https_proxy', 'HTTPS_PROXY', 'http_proxy', 'HTTP_PROXY'];

export interface HubFetch {
  fetch: typeof fetch;
  close(): Promise<void>;
}

/**
 * A fetch for one download. It goes through the proxy, ends with the signal, sends the token to the hub alone and not
 * to the servers it redirects to, and throws `network`, `denied` or `notFound` for every answer but a good one.
 */
export async function openHubFetch(options: HubFetchOptions): Promise<HubFetch> {
  const { endpoint, token, signal } = options;
  // Node's own fetch knows proxies from version 24 on. Loaded here, because most engines never download.
  const http = await import('./http.ts');
  const limits = { bodyTimeout: silence, headersTimeout: silence, connect: { timeout: silence / 2 } };
  const { proxy } = options;
  const dispatcher =
    proxy || proxyVariables.some(name => process.env[name])
      ? proxyAgent(
          () => new http.EnvHttpProxyAgent({ ...limits, ...(proxy && { httpProxy: proxy, httpsProxy: proxy }) }),
        )
      : new http.Agent(limits);
  const origin = new URL(endpoint).origin;

  const hubFetch = async (url: string, init: { headers?: Record<string, string> } = {}) => {
    const headers = { ...init.headers };
    if (token && new URL(url).origin === origin) headers.authorization = `Bearer ${token}`;
    const response = await http.fetch(url, { ...init, headers, dispatcher, signal }).catch(error => {
      signal.throwIfAborted();
      throw connectionError(error, endpoint);
    });
    if (response.ok || response.status === 416) return response;
    await response.body?.cancel();
    throw statusError(response.status, response.headers.get('x-error-code'), options);
  };
  return {
    // Of the same shape as the global one, whose types are those of another copy of the package.
    fetch: hubFetch as unknown as typeof fetch,
    close: () => dispatcher.destroy(),
  };
}

function proxyAgent<T>(make: () => T): T {
  try {
    return make();
  } catch (error) {
    // Not its address, which may hold a password.
    throw new WorkbenchError(
      'badRequest',
      `the proxy's address cannot be used (${(error as NodeJS.ErrnoException).code ?? 'invalid'})`,
      'Write it like http://proxy.example:8080, in the settings or in HTTPS_PROXY.',
    );
  }
}
