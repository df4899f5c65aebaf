import { createHash } from 'node:crypto';
import type { HeldOutItem } from './answerSet.ts';

/** Hexadecimal digits that are kept: enough for a person's sets. */
const digits = 16;

/** Tells sets of examples apart by what is asked and expected, wherever it stands in a file. */
export function digestOf(items: readonly HeldOutItem[]): string {
  const each = items.map(({ line: _, ...item }) => JSON.stringify(item));
  return createHash('sha256').update(JSON.stringify(each.sort())).digest('hex').slice(0, digits);
}
