import type { BaseConfig } from '../../nn/model/config.ts';
import { cacheHeadDim, cacheName } from '../../nn/model/inferenceGraph.ts';
import { type Feeds, floats, readTensor, releaseTensors } from './session.ts';

/** Keys and values of a batch's rows. */
export interface KvCache {
  rows: number;
  /** Tokens that each row has room for. */
  length: number;
  /** Inputs of a graph execution. */
  feeds: Feeds;
  /** The same tensors as outputs, for a device that writes the caches in place: nothing is copied. */
  fetches: Feeds;
  /** The tokens that it was computed from, row by row, where it may have to be computed anew from them. */
  tokens: number[][];
}

/** Room for `length` tokens in each of `rows` rows. */
export function createKvCache(c: BaseConfig, rows: number, length: number): KvCache {
  const shape = [rows, c.kvHeads, length, cacheHeadDim(c)];
  const size = shape.reduce((a, b) => a * b, 1);
  const feeds: Feeds = {};
  for (let layer = 0; layer < c.layers; layer++)
    for (const kind of ['key', 'value'] as const) feeds[cacheName(layer, kind)] = floats(new Float32Array(size), shape);
  return withFetches(rows, length, feeds, []);
}

/** A row of a cache. */
export interface CacheRow {
  cache: KvCache;
  row: number;
}

/** A cache of these rows, in their order, with room for `length` tokens each: copies, and the caches they come from stay. */
export async function arrangeRows(from: readonly CacheRow[], length: number): Promise<KvCache> {
  const feeds: Feeds = {};
  for (const name of Object.keys(from[0]!.cache.feeds)) {
    const [, heads, , width] = from[0]!.cache.feeds[name]!.dims as [number, number, number, number];
    const to = new Float32Array(from.length * heads * length * width);
    const read = new Map<KvCache, Float32Array>();
    for (const [i, { cache, row }] of from.entries()) {
      const data = read.get(cache) ?? (await readTensor(cache.feeds[name]!));
      read.set(cache, data);
      const size = Math.min(length, cache.length) * width;
      for (let head = 0; head < heads; head++) {
        const at = (row * heads + head) * cache.length * width;
        to.set(data.subarray(at, at + size), (i * heads + head) * length * width);
      }
    }
    feeds[name] = floats(to, [from.length, heads, length, width]);
  }
  return withFetches(
    from.length,
    length,
    feeds,
    from.map(({ cache, row }) => [...(cache.tokens[row] ?? [])]),
  );
}

/** The rows that an execution on `tokens` writes in a cache [B, KV, P, width]: their first three indices, by row of the batch, then by head. */
export function writtenRows(cache: KvCache, tokens: number[][], past: number[]): number[] {
  const places: number[] = [];
  forEachHead(cache, tokens, (b, head, count) => {
    for (let t = 0; t < count; t++) places.push(b, head, past[b]! + t);
  });
  return places;
}

/** Notes the tokens that an execution adds behind the `past` ones of each row. */
export function noteTokens(cache: KvCache, tokens: number[][], past: number[]): void {
  for (const [b, row] of tokens.entries()) {
    cache.tokens[b] ??= [];
    const known = cache.tokens[b];
    known.length = past[b]!;
    for (const token of row) known.push(token);
  }
}

/** Copies what an execution has written into the caches: [2·layers, W, width], of each layer the keys and then the values. */
export function writeRows(cache: KvCache, tokens: number[][], past: number[], written: Float32Array): void {
  let at = 0;
  for (const { data, dims } of Object.values(cache.feeds)) {
    const width = dims[3]!;
    forEachHead(cache, tokens, (b, head, count) => {
      const first = (b * dims[1]! + head) * cache.length + past[b]!;
      (data as Float32Array).set(written.subarray(at, at + count * width), first * width);
      at += count * width;
    });
  }
}

/** Calls back for every row of the batch and every head in it, with the number of rows of its cache that are written. */
function forEachHead(
  { feeds }: KvCache,
  tokens: number[][],
  visit: (b: number, head: number, count: number) => void,
): void {
  const heads = Object.values(feeds)[0]!.dims[1]!;
  for (const [b, row] of tokens.entries()) for (let head = 0; head < heads; head++) visit(b, head, row.length);
}

/** Bytes of the keys and values of one token. */
export function bytesPerToken(c: BaseConfig): number {
  return 4 * 2 * c.layers * c.kvHeads * cacheHeadDim(c);
}

/** Frees the GPU memory of a cache. */
export function releaseCache(cache: KvCache): void {
  releaseTensors(cache.feeds);
}

function withFetches(rows: number, length: number, feeds: Feeds, tokens: number[][]): KvCache {
  const fetches = Object.fromEntries(Object.entries(feeds).map(([name, tensor]) => [`${name}.out`, tensor]));
  return { rows, length, feeds, fetches, tokens };
}
