import { MAX_FILE_BYTES } from '../limits.ts';
import { readDelta, readDeltaLengths, readDeltaTexts, readHybrid, readPlain, type Scalar } from './encodings.ts';
import type { Codec, ColumnChunk, SchemaNode } from './metadata.ts';
import { snappy } from './snappy.ts';
import { type Cursor, cursorOf, readBytes, readStruct, type ThriftStruct, type ThriftValue } from './thrift.ts';

/** Unpacks bytes of a page, which have this size unpacked. Throws where they have not, or are damaged. */
export type Unpack = (packed: Uint8Array, size: number) => Uint8Array;

/** A column of a row group: values with how deep they are in the schema (Melnik et al. 2010, Dremel). */
export interface ColumnValues {
  /** Those that are there. */
  values: Scalar[];
  /** `[entries]`; undefined where all are the greatest, as in a column that must be there. */
  definitions?: Int32Array;
  /** `[entries]`; undefined in a column outside of lists. */
  repetitions?: Int32Array;
  entries: number;
}

/** What the pages of a file may have together, unpacked. */
export interface Budget {
  bytes: number;
  values: number;
}

/** In entries, of all columns. */
const mostValues = 10_000_000;

export function newBudget(): Budget {
  return { bytes: MAX_FILE_BYTES, values: mostValues };
}

const encodings: Record<number, string> = {
  0: 'plain',
  2: 'dictionary',
  3: 'rle',
  5: 'delta',
  6: 'deltaLengths',
  7: 'deltaTexts',
  8: 'dictionary',
};

const tooLong = `it has more than ${MAX_FILE_BYTES / 1e6} MB unpacked, which is not read; split it`;

interface Page {
  entries: number;
  nulls?: number;
  encoding: string;
  levels: Pick<ColumnValues, 'definitions' | 'repetitions'>;
  data: Cursor;
}

/**
 * Reads a column of a row group. `path` are the nodes of the schema from the root's child down. Throws what is wrong with
 * it, and where `budget` is used up.
 */
export function readColumn(
  file: Uint8Array,
  chunk: ColumnChunk,
  path: readonly SchemaNode[],
  unpackers: Partial<Record<Codec, Unpack>>,
  budget: Budget,
): ColumnValues {
  const node = path.at(-1)!;
  const depth = {
    definition: path.filter(n => n.repetition !== 'required').length,
    repetition: path.filter(n => n.repetition === 'repeated').length,
  };
  const unpack = unpackerOf(chunk.codec, unpackers);
  const cursor = cursorOf(file.subarray(0, chunk.end), chunk.start);
  const pages: ColumnValues[] = [];
  let dictionary: Scalar[] | undefined;
  for (let entries = 0; entries < chunk.values; ) {
    const header = readStruct(cursor);
    const [kind, size, packedSize] = [1, 2, 3].map(id => int(header.get(id))) as [number, number, number];
    const packed = readBytes(cursor, packedSize);
    budget.bytes -= size;
    if (!(size >= 0 && budget.bytes >= 0)) throw new Error(tooLong);
    if (kind === 2) {
      const count = int(struct(header.get(7)).get(1));
      dictionary = readPlain(cursorOf(unpack(packed, size)), node, spend(budget, count));
      continue;
    }
    // An index, which is not needed.
    if (kind === 1) continue;
    if (kind !== 0 && kind !== 3) throw new Error(`a page of the kind ${kind}`);
    const page =
      kind === 0
        ? pageOf(header, unpack(packed, size), depth, budget)
        : pageTwo(header, packed, size, depth, unpack, budget);
    if (page.entries === 0 && packedSize === 0) throw new Error('a page is empty');
    entries += page.entries;
    pages.push(valuesOf(page, node, depth.definition, dictionary, budget));
  }
  return joined(pages);
}

interface Depth {
  definition: number;
  repetition: number;
}

/** A page of the first version: levels and values are packed together, each kind of level behind its length. */
function pageOf(header: ThriftStruct, bytes: Uint8Array, depth: Depth, budget: Budget): Page {
  const head = struct(header.get(5));
  const entries = spend(budget, int(head.get(1)));
  const data = cursorOf(bytes);
  const level = (most: number) => {
    if (most === 0) return undefined;
    data.at += 4;
    const length = data.view.getUint32(data.at - 4, true);
    return readHybrid(cursorOf(readBytes(data, length)), bitsOf(most), entries);
  };
  const repetitions = level(depth.repetition);
  const definitions = level(depth.definition);
  return {
    entries,
    encoding: encodings[int(head.get(2))] ?? 'other',
    levels: levelsOf(definitions, repetitions),
    data,
  };
}

/** A page of the second version: its levels are not packed. */
function pageTwo(
  header: ThriftStruct,
  bytes: Uint8Array,
  size: number,
  depth: Depth,
  unpack: Unpack,
  budget: Budget,
): Page {
  const head = struct(header.get(8));
  const entries = spend(budget, int(head.get(1)));
  const cursor = cursorOf(bytes);
  const [definitionBytes, repetitionBytes] = [int(head.get(5)), int(head.get(6))];
  const level = (most: number, length: number) => {
    const packed = readBytes(cursor, length);
    return most === 0 ? undefined : readHybrid(cursorOf(packed), bitsOf(most), entries);
  };
  const repetitions = level(depth.repetition, repetitionBytes);
  const definitions = level(depth.definition, definitionBytes);
  const rest = bytes.subarray(cursor.at);
  const unpacked = size - definitionBytes - repetitionBytes;
  const isPacked = head.get(7) !== false && unpacked > 0;
  const data = cursorOf(isPacked ? unpack(rest, unpacked) : rest);
  return {
    entries,
    encoding: encodings[int(head.get(4))] ?? 'other',
    levels: levelsOf(definitions, repetitions),
    data,
  };
}

function levelsOf(definitions?: Int32Array, repetitions?: Int32Array): Page['levels'] {
  return { ...(definitions && { definitions }), ...(repetitions && { repetitions }) };
}

function valuesOf(
  { entries, encoding, levels, data }: Page,
  node: SchemaNode,
  deepest: number,
  dictionary: Scalar[] | undefined,
  budget: Budget,
): ColumnValues {
  const { definitions } = levels;
  const count = definitions ? definitions.reduce((sum, d) => sum + (d === deepest ? 1 : 0), 0) : entries;
  return { ...levels, entries, values: decode() };

  function decode(): Scalar[] {
    if (count === 0) return [];
    switch (encoding) {
      case 'plain':
        return readPlain(data, node, count);
      case 'dictionary': {
        if (!dictionary) throw new Error('a page has no dictionary');
        const width = data.view.getUint8(data.at++);
        const places = width === 0 ? new Int32Array(count) : readHybrid(data, width, count);
        return Array.from(places, place => {
          if (place < 0 || place >= dictionary.length) throw new Error('a value is not in the dictionary');
          const value = dictionary[place]!;
          // A text that is written once and named a million times is a million texts to those who read them.
          if (typeof value === 'string') budget.bytes -= value.length;
          if (budget.bytes < 0) throw new Error(tooLong);
          return value;
        });
      }
      case 'rle':
        data.at += 4;
        return Array.from(readHybrid(data, 1, count), bit => bit === 1);
      case 'delta':
        return readDelta(data, count);
      case 'deltaLengths':
        return readDeltaLengths(data, node, count);
      case 'deltaTexts':
        return readDeltaTexts(data, node, count, budget.bytes);
      default:
        throw new Error('its values are encoded in a way that is not read');
    }
  }
}

function joined(pages: ColumnValues[]): ColumnValues {
  if (pages.length === 1) return pages[0]!;
  const join = (key: 'definitions' | 'repetitions') => {
    if (!pages.some(page => page[key])) return undefined;
    const all = new Int32Array(pages.reduce((sum, p) => sum + p.entries, 0));
    let at = 0;
    for (const page of pages) {
      all.set(page[key]!, at);
      at += page.entries;
    }
    return all;
  };
  return {
    values: pages.flatMap(page => page.values),
    entries: pages.reduce((sum, p) => sum + p.entries, 0),
    ...levelsOf(join('definitions'), join('repetitions')),
  };
}

function spend(budget: Budget, count: number): number {
  budget.values -= count;
  if (!(count >= 0 && budget.values >= 0)) throw new Error(`it has more than ${mostValues} values`);
  return count;
}

function unpackerOf(codec: Codec, unpackers: Partial<Record<Codec, Unpack>>): Unpack {
  if (codec === 'none') return packed => packed;
  if (codec === 'Snappy') return snappy;
  const unpack = unpackers[codec];
  if (unpack) return unpack;
  throw new Error(`it is compressed with ${codec}, which is not read; write it with Snappy or gzip`);
}

const bitsOf = (most: number) => 32 - Math.clz32(most);
const int = (value: ThriftValue | undefined) => (typeof value === 'number' ? value : 0);
const struct = (value: ThriftValue | undefined): ThriftStruct => (value instanceof Map ? value : new Map());
