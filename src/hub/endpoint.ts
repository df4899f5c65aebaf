import { WorkbenchError } from '../protocol/errors.ts';

export const defaultEndpoint = 'https://huggingface.co';

/** The address of a hub without a slash at its end. Throws `badRequest`, and does not repeat a password in it. */
export function checkEndpoint(given: string): string {
  const url = URL.canParse(given) ? new URL(given) : undefined;
  if (url?.username || url?.password)
    throw new WorkbenchError(
      'badRequest',
      `the address of the hub at ${url.host} holds a user's name or password, which are not sent`,
      `Write it like ${defaultEndpoint}; who you are is said by a token.`,
    );
  if (url && /^https?:$/.test(url.protocol) && !url.search && !url.hash) return given.trim().replace(/\/+$/, '');
  throw new WorkbenchError('badRequest', `'${given}' is not the address of a hub`, `Write it like ${defaultEndpoint}.`);
}
