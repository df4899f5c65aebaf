import { type LookupAddress, type LookupOptions, lookup } from 'node:dns';
import { WorkbenchError } from '../../protocol/errors.ts';
import { visibleName } from '../../protocol/visibleText.ts';
import { isLoopback, isPrivate } from './addresses.ts';
import { connectionError, type HubRequest, noHub, refusedRedirect, statusError } from './hubErrors.ts';
import type { HubLimits } from './hubLimits.ts';

export interface HubFetchOptions extends HubRequest {
  /** The proxy's address; without it HTTPS_PROXY, HTTP_PROXY and NO_PROXY count. */
  proxy?: string;
  signal: AbortSignal;
  limits: HubLimits;
}

const proxyVariables = ['https_proxy', 'HTTPS_PROXY', 'http_proxy', 'HTTP_PROXY'];

/** Whether the environment names a proxy. */
export function hasProxy(): boolean {
  return proxyVariables.some(name => process.env[name]);
}

export interface HubFetch {
  /** Answers when the headers have come; who reads the body counts its bytes. */
  fetch: typeof fetch;
  /**
   * A fetch for answers in JSON, for one list with all its pages. It has them whole, within the limits; what `isRight`
   * does not take is refused.
   */
  describe(isRight: (value: unknown) => boolean): typeof fetch;
  limits: HubLimits;
  close(): Promise<void>;
}

/**
 * A fetch for one download. It goes through the proxy, ends with the signal, sends the token to the hub alone and not
 * to the servers it redirects to, follows redirects only where they cannot lead to what is not the hub's, and throws
 * `network`, `denied` or `notFound` for every answer but a good one. Throws `badRequest` for a token that would be sent
 * unencrypted.
 */
export async function openHubFetch(options: HubFetchOptions): Promise<HubFetch> {
  const { endpoint, token, signal, limits, proxy } = options;
  const { origin, host, hostname } = new URL(endpoint);
  checkToken(token, endpoint);
  let isHubPrivate = isPrivate(hostname);

  /** Of a public hub, a name that stands for an address of this network is not looked behind either. */
  const guardedLookup = (name: string, asked: LookupOptions, done: (...found: unknown[]) => void) =>
    lookup(name, { ...asked, all: true }, (error: Error | null, found: LookupAddress[]) => {
      if (error) return done(error);
      const isInside = found.some(({ address }) => isPrivate(address));
      if (name === hostname) isHubPrivate ||= isInside;
      else if (isInside && !isHubPrivate)
        return done(refusedRedirect(host, `to ${name}, which is inside a private network`));
      asked.all ? done(null, found) : done(null, found[0]!.address, found[0]!.family);
    });

  // Node's own fetch knows proxies from version 24 on. Loaded here, because most engines never download.
  const http = await import('./http.ts');
  const timing = {
    bodyTimeout: limits.silence,
    headersTimeout: limits.silence,
    maxHeaderSize: limits.headerBytes,
  };
  const timeout = limits.silence / 2;
  const direct = new http.Agent({ ...timing, connect: { timeout, lookup: guardedLookup as never } });
  const proxied =
    proxy || hasProxy()
      ? proxyAgent(
          () =>
            new http.EnvHttpProxyAgent({
              ...timing,
              connect: { timeout },
              ...(proxy && { httpProxy: proxy, httpsProxy: proxy }),
            }),
        )
      : direct;

  /** Where an answer may send us on to. */
  const checkOnward = (from: URL, to: URL): void => {
    if (!/^https?:$/.test(to.protocol)) throw refusedRedirect(from.host, `to a ${to.protocol} address`);
    if (to.username || to.password) throw refusedRedirect(from.host, `to ${to.host} with a user's name or password`);
    if (from.protocol === 'https:' && to.protocol === 'http:')
      throw refusedRedirect(from.host, `to ${to.host} without encryption`);
    if (to.hostname !== hostname && !isHubPrivate && isPrivate(to.hostname))
      throw refusedRedirect(from.host, `to ${to.hostname}, which is inside a private network`);
  };

  /** Asks, and asks where the answer sends us, until one is an answer. */
  const follow = async (first: URL, given: Record<string, string>, until: AbortSignal): Promise<Response> => {
    let url = first;
    for (let redirects = 0; ; redirects++) {
      const headers = { ...given };
      const isHub = url.origin === origin;
      if (token && isHub) headers.authorization = `Bearer ${token}`;
      // The token crosses no network unencrypted: that of this machine's own hub goes round the proxy.
      const dispatcher = headers.authorization && url.protocol === 'http:' ? direct : proxied;
      const asking = http.fetch(url.href, { headers, dispatcher, signal: until, redirect: 'manual' });
      const response = (await asking.catch(error => {
        until.throwIfAborted();
        throw connectionError(error, url.href);
      })) as unknown as Response;
      const location = [301, 302, 303, 307, 308].includes(response.status) && response.headers.get('location');
      if (!location) return response;
      await response.body?.cancel();
      if (redirects === limits.redirects)
        throw refusedRedirect(host, `more than ${limits.redirects} times, last by ${url.host}`);
      if (!URL.canParse(location, url.href))
        throw refusedRedirect(url.host, `to '${visibleName(location)}', which is no address`);
      const next = new URL(location, url.href);
      checkOnward(url, next);
      url = next;
    }
  };

  const fetchFile = async (url: string, { headers = {} }: { headers?: Record<string, string> } = {}) => {
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(silent(host, limits.silence)), limits.silence);
    try {
      const response = await follow(new URL(url), headers, AbortSignal.any([signal, late.signal]));
      if (response.ok || response.status === 416) return response;
      await response.body?.cancel();
      throw statusError(response.status, response.headers.get('x-error-code'), options);
    } finally {
      clearTimeout(timer);
    }
  };

  const opened = performance.now();
  const describe = (isRight: (value: unknown) => boolean) => {
    const seen = new Set<string>();
    return async (url: string, { headers = {} }: { headers?: Record<string, string> } = {}) => {
      if (seen.has(url)) throw noHub(host, 'lists files in a circle: a page names itself, or one before, as the next');
      if (seen.size === limits.pages) throw noHub(host, `lists files on more than ${limits.pages} pages`);
      seen.add(url);
      checkOnward(new URL(endpoint), new URL(url));
      const left = Math.min(limits.descriptionTime, opened + limits.descriptionsTime - performance.now());
      const late = new AbortController();
      const timer = setTimeout(() => late.abort(silent(host, limits.descriptionTime)), Math.max(0, left));
      const until = AbortSignal.any([signal, late.signal]);
      try {
        const response = await follow(new URL(url), { ...headers, 'accept-encoding': 'identity' }, until);
        if (!response.ok) throw statusError(response.status, response.headers.get('x-error-code'), options);
        const value = parse(await readWithin(response, limits.descriptionBytes, host), host);
        if (!isRight(value)) throw noHub(host, 'answers with JSON that describes no model');
        return { ok: true, status: response.status, headers: response.headers, json: async () => value };
      } catch (error) {
        until.throwIfAborted();
        throw connectionError(error, url);
      } finally {
        clearTimeout(timer);
        // What of the answer was not read is not waited for.
        late.abort();
      }
    };
  };
  return {
    // Of the same shape as the global one, whose types are those of another copy of the package.
    fetch: fetchFile as unknown as typeof fetch,
    limits,
    describe: isRight => describe(isRight) as unknown as typeof fetch,
    close: async () => {
      await Promise.all([direct.destroy(), proxied === direct ? undefined : proxied.destroy()]);
    },
  };
}

/** Throws `badRequest` where the token would cross a network unencrypted, or is none. Its text is not shown. */
function checkToken(token: string | undefined, endpoint: string): void {
  if (token === undefined) return;
  const { protocol, host, hostname } = new URL(endpoint);
  if (protocol !== 'https:' && !isLoopback(hostname))
    throw new WorkbenchError(
      'badRequest',
      `the token is not sent to http://${host}: on the way everyone could read it`,
      'Give the address with https://, or no token (unset HF_TOKEN on the command line; in the editor remove that of this address).',
    );
  if (!/^[!-~]{1,4096}$/.test(token))
    throw new WorkbenchError(
      'badRequest',
      'the token holds spaces, line breaks or other characters that no token has',
      'Copy it once more into HF_TOKEN (in the editor: set the token again).',
    );
}

/** The body of an answer, counted after it is unpacked. */
async function readWithin(response: Response, most: number, host: string): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of (response.body ?? []) as unknown as AsyncIterable<Uint8Array>) {
    bytes += chunk.length;
    if (bytes > most) throw noHub(host, `answers with more than ${most / 1e6} MB where it describes a model`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function parse(text: string, host: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw noHub(host, `answers with what is not JSON (${(error as Error).message})`);
  }
}

function silent(host: string, milliseconds: number): WorkbenchError {
  return new WorkbenchError(
    'network',
    `${host} has not answered within ${milliseconds / 1000} s`,
    'What has arrived is kept: run it again later to go on, or try another endpoint.',
  );
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
