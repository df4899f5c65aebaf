/*
 * onnxruntime's BFCArena, as far as it says how much memory is touched: regions that double, the smallest free chunk
 * that is large enough, cut only where it is twice as large, and joined with its free neighbours when it is freed.
 */

const alignment = 256;
const firstRegion = 1 << 20;
const largestRegion = 1 << 30;
/** A chunk is cut, whatever its size, where more than this would be left over. */
const deadBytes = 128 << 20;
/** Memory counts as touched in pieces of so many bytes. */
const pageBytes = 1 << 16;

/** Bytes of a region, free or in use, with its neighbours there. */
interface Chunk {
  region: Region;
  at: number;
  size: number;
  free: boolean;
  before?: Chunk;
  after?: Chunk;
}

interface Region {
  touched: Uint8Array;
}

export interface Arena {
  allocate(bytes: number): Chunk;
  free(chunk: Chunk): void;
  /** Bytes that were ever in use; the arena gives none back. */
  touchedBytes(): number;
}

export function createArena(): Arena {
  const regions: Region[] = [];
  const available = new Set<Chunk>();
  let nextRegion = firstRegion;

  const extend = (size: number): Chunk => {
    const isEnough = nextRegion >= size;
    while (nextRegion < size) nextRegion *= 2;
    const region = { touched: new Uint8Array(Math.ceil(nextRegion / pageBytes)) };
    regions.push(region);
    const chunk = { region, at: 0, size: nextRegion, free: true };
    available.add(chunk);
    if (isEnough) nextRegion = Math.min(2 * nextRegion, largestRegion);
    return chunk;
  };
  const smallestFree = (size: number): Chunk | undefined => {
    let best: Chunk | undefined;
    for (const chunk of available)
      if (chunk.size >= size && (!best || chunk.size < best.size || (chunk.size === best.size && isLower(chunk, best))))
        best = chunk;
    return best;
  };
  const isLower = (a: Chunk, b: Chunk) => (a.region === b.region ? a.at < b.at : false);
  const cut = (chunk: Chunk, size: number): void => {
    const rest: Chunk = {
      region: chunk.region,
      at: chunk.at + size,
      size: chunk.size - size,
      free: true,
      before: chunk,
    };
    if (chunk.after) {
      rest.after = chunk.after;
      chunk.after.before = rest;
    }
    chunk.after = rest;
    chunk.size = size;
    available.add(rest);
  };
  /** `second` becomes part of `first`. */
  const join = (first: Chunk, second: Chunk): void => {
    first.size += second.size;
    first.after = second.after;
    if (second.after) second.after.before = first;
    available.delete(second);
  };

  return {
    allocate(bytes) {
      const size = Math.max(1, Math.ceil(bytes / alignment)) * alignment;
      const chunk = smallestFree(size) ?? extend(size);
      available.delete(chunk);
      chunk.free = false;
      if (chunk.size >= 2 * size || chunk.size - size >= deadBytes) cut(chunk, size);
      chunk.region.touched.fill(1, Math.floor(chunk.at / pageBytes), Math.ceil((chunk.at + bytes) / pageBytes));
      return chunk;
    },

    free(chunk) {
      chunk.free = true;
      available.add(chunk);
      if (chunk.after?.free) join(chunk, chunk.after);
      if (chunk.before?.free) join(chunk.before, chunk);
    },

    touchedBytes: () =>
      pageBytes * regions.reduce((sum, region) => sum + region.touched.reduce((pages, page) => pages + page, 0), 0),
  };
}
