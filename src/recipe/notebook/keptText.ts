import { listing } from '../../text/numbers.ts';

/** A line that says where that is which a training replaced, or none. */
export function keptText(folders: readonly string[]): string[] {
  return folders.length > 0 ? [`What was learned before is kept in ${listing(folders)}.`] : [];
}
