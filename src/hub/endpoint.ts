import { WorkbenchError } from '../protocol/errors.ts';

export const defaultEndpoint = 'https://huggingface.co';

/** The address of a hub without a slash at its end. Throws `badRequest`. */
export function checkEndpoint(given: string): string {
  if (/^https?:$/.test(URL.canParse(given) ? new URL(given).protocol : '')) return given.replace(/\/+$/, '');
  throw new WorkbenchError('badRequest', `'${given}' is not the address of a hub`, `Write it like ${defaultEndpoint}.`);
}
