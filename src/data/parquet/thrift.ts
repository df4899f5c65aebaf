/** A value of Thrift's compact protocol: structs by the numbers of their fields. */
export type ThriftValue = boolean | number | bigint | Uint8Array | ThriftValue[] | ThriftStruct;
export type ThriftStruct = Map<number, ThriftValue>;

/** Parquet's own structs are nested half as deep. */
const deepest = 16;

/** A place in bytes that moves on as they are read. Reading past the end throws RangeError. */
export interface Cursor {
  view: DataView;
  at: number;
}

export function cursorOf(bytes: Uint8Array, at = 0): Cursor {
  return { view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), at };
}

/**
 * Reads a struct (thrift-compact-protocol.md of Apache Thrift). No list is longer than the bytes that are left. Throws
 * RangeError where the bytes end before it does, and Error for what Parquet does not use.
 */
export function readStruct(cursor: Cursor, depth = 0): ThriftStruct {
  if (depth > deepest) throw new Error('structs are nested too deeply');
  const struct: ThriftStruct = new Map();
  for (let id = 0; ; ) {
    const header = cursor.view.getUint8(cursor.at++);
    const type = header & 15;
    if (type === 0) return struct;
    id = header >> 4 ? id + (header >> 4) : readZigzag(cursor);
    struct.set(id, type <= 2 ? type === 1 : readValue(cursor, type, depth));
  }
}

function readValue(cursor: Cursor, type: number, depth: number): ThriftValue {
  switch (type) {
    // Within a list.
    case 1:
    case 2:
      return cursor.view.getUint8(cursor.at++) === 1;
    case 3:
      return cursor.view.getInt8(cursor.at++);
    case 4:
    case 5:
    case 6:
      return readZigzag(cursor);
    case 7:
      cursor.at += 8;
      return cursor.view.getFloat64(cursor.at - 8, true);
    case 8:
      return readBytes(cursor, readVarint(cursor));
    case 9:
    case 10: {
      const header = cursor.view.getUint8(cursor.at++);
      const length = header >> 4 === 15 ? readVarint(cursor) : header >> 4;
      if (length > cursor.view.byteLength - cursor.at) throw new RangeError('a list is longer than the file');
      const list: ThriftValue[] = [];
      for (let i = 0; i < length; i++) list.push(readValue(cursor, header & 15, depth + 1));
      return list;
    }
    case 12:
      return readStruct(cursor, depth + 1);
    default:
      throw new Error(`a field of the type ${type}, which Parquet has not`);
  }
}

export function readBytes(cursor: Cursor, length: number): Uint8Array {
  const { view, at } = cursor;
  if (!(length >= 0 && length <= view.byteLength - at)) throw new RangeError('a value is longer than the file');
  cursor.at += length;
  return new Uint8Array(view.buffer, view.byteOffset + at, length);
}

/** Up to 64 bits, of which 53 are exact. */
export function readVarint(cursor: Cursor): number {
  let value = 0;
  for (let factor = 1; factor <= 2 ** 63; factor *= 128) {
    const byte = cursor.view.getUint8(cursor.at++);
    value += (byte & 127) * factor;
    if (byte < 128) return value;
  }
  throw new RangeError('a number has no end');
}

export function readZigzag(cursor: Cursor): number {
  const value = readVarint(cursor);
  return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
}
