import type { BaseConfig } from '../../nn/model/config.ts';
import { longTextsAbove } from '../../nn/model/rope.ts';
import { arrangeRows, bytesPerToken, type CacheRow, type KvCache, releaseCache } from './kvCache.ts';

/** Keys and values of texts that were read before, so that what begins in the same way is not read again. */
export interface PrefixCache {
  /** What is known of the beginning of `tokens` under these gates: a cache of one row, to be copied, and how much of it counts. */
  find(gates: string, tokens: readonly number[]): { cache: KvCache; length: number } | undefined;
  /** Keeps a copy of a row that holds `tokens`. */
  keep(gates: string, tokens: readonly number[], row: CacheRow): Promise<void>;
  bytes(): number;
}

interface Entry {
  gates: string;
  tokens: number[];
  cache: KvCache;
}

/** Shorter beginnings, as the marks of a chat template are, save less than the copy takes. */
const shortest = 8;

/**
 * What was used last stays, up to `limit` bytes. `gates` says by content what the experts add to the base, as
 * `contentKey` of the bank does: keys and values of other gates are others, for the same text.
 */
export function createPrefixCache(config: BaseConfig, limit: number): PrefixCache {
  const size = ({ tokens }: Entry) => tokens.length * bytesPerToken(config);
  /** The one used last at the end. */
  let entries: Entry[] = [];
  const bytes = () => entries.reduce((sum, each) => sum + size(each), 0);
  // Of such a base, keys are rotated by the length of the text they stand in.
  if (longTextsAbove(config) !== undefined) return { find: () => undefined, async keep() {}, bytes };

  const drop = (isMeant: (entry: Entry) => boolean) => {
    for (const entry of entries.filter(isMeant)) releaseCache(entry.cache);
    entries = entries.filter(entry => !isMeant(entry));
  };

  return {
    find(gates, tokens) {
      let best: { entry: Entry; length: number } | undefined;
      for (const entry of entries) {
        if (entry.gates !== gates) continue;
        // The last token is always read: its logits are wanted.
        const length = Math.min(commonLength(entry.tokens, tokens), tokens.length - 1);
        if (length >= shortest && length > (best?.length ?? 0)) best = { entry, length };
      }
      if (!best) return undefined;
      const { entry, length } = best;
      entries = [...entries.filter(each => each !== entry), entry];
      return { cache: entry.cache, length };
    },

    async keep(gates, tokens, row) {
      if (tokens.length * bytesPerToken(config) > limit) return;
      const isKnown = (e: Entry) =>
        e.gates === gates && e.tokens.length >= tokens.length && commonLength(e.tokens, tokens) === tokens.length;
      if (entries.some(isKnown)) return;
      const entry = { gates, tokens: [...tokens], cache: await arrangeRows([row], tokens.length) };
      // What it begins with is in it.
      drop(e => e.gates === gates && commonLength(e.tokens, tokens) === e.tokens.length);
      entries.push(entry);
      while (bytes() > limit) drop(each => each === entries[0]);
    },

    bytes,
  };
}

function commonLength(a: readonly number[], b: readonly number[]): number {
  const end = Math.min(a.length, b.length);
  let length = 0;
  while (length < end && a[length] === b[length]) length++;
  return length;
}
