import { cursorOf, readStruct, type ThriftStruct, type ThriftValue } from './thrift.ts';

/** Physical types, by their numbers in parquet.thrift. */
const types = ['boolean', 'int32', 'int64', 'int96', 'float', 'double', 'bytes', 'fixed'] as const;
export type PhysicalType = (typeof types)[number];

const codecs = ['none', 'Snappy', 'gzip', 'LZO', 'Brotli', 'LZ4', 'Zstandard', 'LZ4_RAW'] as const;
export type Codec = (typeof codecs)[number];

/** A node of the schema: a group, or a column with its type. */
export interface SchemaNode {
  name: string;
  repetition: 'required' | 'optional' | 'repeated';
  children: SchemaNode[];
  type?: PhysicalType;
  /** Bytes of a `fixed`. */
  length: number;
  /** Bytes that are a text. */
  isText: boolean;
  kind?: 'list' | 'map';
}

/** The values of one column in one row group. */
export interface ColumnChunk {
  path: string[];
  codec: Codec;
  values: number;
  start: number;
  end: number;
}

export interface ParquetMetadata {
  root: SchemaNode;
  rows: number;
  groups: { rows: number; columns: ColumnChunk[] }[];
}

const mostNodes = 10_000;
const deepestSchema = 32;
const mostGroups = 100_000;

const text = (value: ThriftValue | undefined) => new TextDecoder().decode(bytes(value));
const bytes = (value: ThriftValue | undefined) => (value instanceof Uint8Array ? value : new Uint8Array());
const int = (value: ThriftValue | undefined) => (typeof value === 'number' ? value : 0);
const struct = (value: ThriftValue | undefined): ThriftStruct => (value instanceof Map ? value : new Map());
const list = (value: ThriftValue | undefined) => (Array.isArray(value) ? value : []);

/** The metadata at the end of a file (parquet.thrift of apache/parquet-format). Throws what is wrong with it. */
export function parquetMetadata(file: Uint8Array): ParquetMetadata {
  const tail = file.length - 8;
  if (tail < 4 || text(file.subarray(tail + 4)) !== 'PAR1') throw new Error('it has no end: it was cut off');
  const length = cursorOf(file, tail).view.getUint32(tail, true);
  if (length > tail - 4) throw new Error('its metadata is longer than the file');
  const meta = readStruct(cursorOf(file.subarray(tail - length, tail)));
  const elements = list(meta.get(2));
  if (elements.length > mostNodes) throw new Error(`its schema has more than ${mostNodes} parts`);
  let next = 0;
  const node = (depth: number): SchemaNode => {
    if (next >= elements.length || depth > deepestSchema) throw new Error('its schema is broken');
    const element = struct(elements[next++]);
    const children: SchemaNode[] = [];
    for (let left = int(element.get(5)); left > 0; left--) children.push(node(depth + 1));
    const [converted, logical] = [element.get(6), struct(element.get(10))];
    const [type, repetition] = [element.get(1), int(element.get(3))];
    return {
      name: text(element.get(4)),
      repetition: (['required', 'optional', 'repeated'] as const)[repetition] ?? 'required',
      children,
      ...(children.length === 0 && { type: types[int(type)] ?? 'fixed' }),
      length: int(element.get(2)),
      // UTF8, ENUM, JSON; what says nothing may be a text too.
      isText: converted === 0 || converted === 4 || converted === 19 || [1, 4, 11].some(kind => logical.has(kind)),
      ...((converted === 3 || logical.has(3)) && { kind: 'list' as const }),
      ...((converted === 1 || converted === 2 || logical.has(2)) && { kind: 'map' as const }),
    };
  };
  const root = node(0);
  const groups = list(meta.get(4));
  if (groups.length > mostGroups) throw new Error(`it has more than ${mostGroups} row groups`);
  return {
    root,
    rows: int(meta.get(3)),
    groups: groups.map(group => ({
      rows: int(struct(group).get(3)),
      columns: list(struct(group).get(1)).map(column => columnChunk(struct(struct(column).get(3)), tail - length)),
    })),
  };
}

function columnChunk(meta: ThriftStruct, dataEnd: number): ColumnChunk {
  const [data, dictionary] = [int(meta.get(9)), int(meta.get(11))];
  const start = dictionary > 0 && dictionary < data ? dictionary : data;
  const end = start + int(meta.get(7));
  const path = list(meta.get(3)).map(text);
  if (!(start >= 4 && end >= start && end <= dataEnd)) throw new Error(`column '${path.join('.')}' lies outside of it`);
  return { path, codec: codecs[int(meta.get(4))] ?? 'LZO', values: int(meta.get(5)), start, end };
}
