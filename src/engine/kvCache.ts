import type { BaseConfig } from '../core/model/config.ts';
import { cacheHeadDim, cacheName } from '../core/model/inferenceGraph.ts';
import { type Feeds, floats, readTensor, releaseTensors } from './session.ts';

/** Keys and values of a batch's rows, in tensors that every run reads and overwrites in place. */
export interface KvCache {
  rows: number;
  /** Inputs of a run. */
  feeds: Feeds;
  /** The same tensors as outputs, so that nothing is copied. */
  fetches: Feeds;
  /** The tokens behind it, row by row: from them it can be made anew. */
  tokens: number[][];
}

/** Room for `length` tokens in each of `rows` rows. */
export function createKvCache(c: BaseConfig, rows: number, length: number): KvCache {
  const shape = [rows, c.kvHeads, length, cacheHeadDim(c)];
  const size = shape.reduce((a, b) => a * b, 1);
  const feeds: Feeds = {};
  for (let layer = 0; layer < c.layers; layer++)
    for (const kind of ['key', 'value'] as const) feeds[cacheName(layer, kind)] = floats(new Float32Array(size), shape);
  return withFetches(rows, feeds, []);
}

/** The cache with only some of its rows, in their order; used when most rows of a batch have ended. The old one is freed. */
export async function keepRows(cache: KvCache, kept: number[]): Promise<KvCache> {
  const feeds: Feeds = {};
  for (const [name, tensor] of Object.entries(cache.feeds)) {
    const [, ...rest] = tensor.dims as [number, ...number[]];
    const size = rest.reduce((a, b) => a * b, 1);
    const from = await readTensor(tensor);
    const to = new Float32Array(kept.length * size);
    for (const [i, row] of kept.entries()) to.set(from.subarray(row * size, (row + 1) * size), i * size);
    feeds[name] = floats(to, [kept.length, ...rest]);
  }
  releaseTensors(cache.feeds);
  return withFetches(
    kept.length,
    feeds,
    kept.map(row => cache.tokens[row] ?? []),
  );
}

/** Frees what a cache that is not needed any more holds on a GPU. */
export function releaseCache(cache: KvCache): void {
  releaseTensors(cache.feeds);
}

function withFetches(rows: number, feeds: Feeds, tokens: number[][]): KvCache {
  const fetches = Object.fromEntries(Object.entries(feeds).map(([name, tensor]) => [`${name}.out`, tensor]));
  return { rows, feeds, fetches, tokens };
}
