/** Which part of a data set a question belongs to. */
export type Split = 'train' | 'validation' | 'heldout';

/** What every generator returns: one chat exchange and the identity of its question. */
export interface GeneratedExample {
  messages: [{ role: 'user'; content: string }, { role: 'assistant'; content: string }];
  /** What the question asks for, for example `add` or `place`. */
  kind: string;
  /** Kind and values of the question, the same for every phrasing of it. */
  key: string;
  /** Keys of other questions that the worked answer gives away. */
  uses?: string[];
  /** Hidden assertions in plain JavaScript (code questions only). */
  tests?: string[];
}

/**
 * The part a question belongs to: 80 % train, 5 % validation, 15 % held out, by a hash of its key. The hash decides
 * (and not a draw), so every generator and the base's own corpus keep to the same parts without knowing each other.
 * FNV-1a with the 32-bit finaliser of MurmurHash3.
 */
export function splitOf(key: string): Split {
  let h = 0x811c9dc5;
  for (let i = 0; i < key.length; i++) h = Math.imul(h ^ key.charCodeAt(i), 0x01000193);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  const slot = ((h ^ (h >>> 16)) >>> 0) % 100;
  return slot < 80 ? 'train' : slot < 85 ? 'validation' : 'heldout';
}

/** Whether a question may be shown in training: neither it nor a question its working answers is kept back. */
export function isTrainable(example: { key: string; uses?: string[] }): boolean {
  return splitOf(example.key) === 'train' && (example.uses ?? []).every(key => splitOf(key) === 'train');
}
