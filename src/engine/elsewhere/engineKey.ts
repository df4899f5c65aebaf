import { WorkbenchError } from '../../protocol/errors.ts';
import { keyVariable } from '../../text/engineKey.ts';
import { isLoopback } from '../hub/addresses.ts';

/** Keys of servers, by the origin of their address (`https://host:port`): none is sent anywhere else. */
export type EngineKeys = Readonly<Record<string, string>>;

/**
 * The key that a server is asked with: the one that came with the request, else the environment's; undefined for none.
 * Throws `badRequest`, without its text, where it would cross a network unencrypted or is no key.
 */
export function engineKey(url: string, keys: EngineKeys = {}): string | undefined {
  const { origin, protocol, hostname, host } = new URL(url);
  const key = (keys[origin] ?? process.env[keyVariable(url)])?.trim();
  if (!key) return undefined;
  if (protocol !== 'https:' && !isLoopback(hostname))
    throw new WorkbenchError(
      'badRequest',
      `the key of ${host} is not sent to http://${host}: on the way everyone could read it`,
      `Give the address with https://, or go through a tunnel: ssh -N -L 8000:localhost:${new URL(url).port || 80} ${hostname}, and http://127.0.0.1:8000 as the address.`,
    );
  if (/^[!-~]{1,4096}$/.test(key)) return key;
  throw new WorkbenchError(
    'badRequest',
    `the key of ${host} holds spaces, line breaks or other characters that no key has`,
    `Copy it once more into ${keyVariable(url)} (in the editor: set it again).`,
  );
}
