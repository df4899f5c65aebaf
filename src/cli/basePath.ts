import { resolve } from 'node:path';

/** A base as a recipe names it: `embedded`, or a folder. */
export function basePath(given: string | undefined): string {
  return given === undefined || given === 'embedded' ? 'embedded' : resolve(given);
}
