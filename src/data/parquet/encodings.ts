import type { PhysicalType, SchemaNode } from './metadata.ts';
import { type Cursor, readBytes, readVarint, readZigzag } from './thrift.ts';

/** What a column holds: numbers beyond 2⁵³ are inexact, and times and decimals are as they are stored. */
export type Scalar = boolean | number | string | Uint8Array | null;

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** `count` numbers of so many bits, as runs and packed groups of eight (RLE / bit-packing hybrid). */
export function readHybrid(cursor: Cursor, width: number, count: number): Int32Array {
  if (width > 32) throw new Error('a width of more than 32 bits');
  const out = new Int32Array(count);
  const bytes = (width + 7) >> 3;
  for (let done = 0; done < count; ) {
    const header = readVarint(cursor);
    if (header % 2 === 0) {
      let value = 0;
      for (let i = 0; i < bytes; i++) value |= cursor.view.getUint8(cursor.at++) << (8 * i);
      const end = Math.min(count, done + header / 2);
      // A run of nothing would be read for ever.
      if (end === done) throw new Error('a run has no length');
      out.fill(value, done, end);
      done = end;
    } else {
      const values = ((header - 1) / 2) * 8;
      const packed = readBytes(cursor, Math.min((values / 8) * width, cursor.view.byteLength - cursor.at));
      const end = Math.min(count, done + values);
      if (end === done || packed.length * 8 < (end - done) * width) throw new Error('packed numbers are cut off');
      unpack(packed, width, out, done, end);
      done = end;
    }
  }
  return out;
}

function unpack(packed: Uint8Array, width: number, out: Int32Array, from: number, to: number): void {
  for (let i = from, bit = 0; i < to; i++, bit += width) {
    let value = 0;
    for (let got = 0; got < width; ) {
      const [byte, offset] = [packed[(bit + got) >> 3]!, (bit + got) & 7];
      const take = Math.min(8 - offset, width - got);
      value |= ((byte >> offset) & ((1 << take) - 1)) << got;
      got += take;
    }
    out[i] = value;
  }
}

/** Values one after the other (PLAIN). */
export function readPlain(cursor: Cursor, node: SchemaNode, count: number): Scalar[] {
  const { view } = cursor;
  const left = view.byteLength - cursor.at;
  if (count > (node.type === 'boolean' ? left * 8 : left / smallest(node))) throw new Error('values are cut off');
  const out: Scalar[] = new Array(count);
  for (let i = 0; i < count; i++) {
    const at = cursor.at;
    switch (node.type) {
      case 'boolean':
        out[i] = ((view.getUint8(at + (i >> 3)) >> (i & 7)) & 1) === 1;
        continue;
      case 'int32':
        out[i] = view.getInt32(at, true);
        break;
      case 'int64':
        out[i] = Number(view.getBigInt64(at, true));
        break;
      case 'float':
        out[i] = view.getFloat32(at, true);
        break;
      case 'double':
        out[i] = view.getFloat64(at, true);
        break;
      case 'bytes':
        out[i] = textOf(node, readBytes(cursor, readLength(cursor)));
        continue;
      default:
        out[i] = textOf(node, readBytes(cursor, smallest(node)));
        continue;
    }
    cursor.at += smallest(node);
  }
  return out;
}

const sizes: Partial<Record<PhysicalType, number>> = { int32: 4, int64: 8, int96: 12, float: 4, double: 8, bytes: 4 };

/** Bytes that a value takes at least. */
function smallest({ type, length }: SchemaNode): number {
  return sizes[type!] ?? Math.max(1, length);
}

function readLength(cursor: Cursor): number {
  cursor.at += 4;
  return cursor.view.getUint32(cursor.at - 4, true);
}

/** Bytes as a text where they are one. Throws for a column of texts whose bytes are not UTF-8. */
function textOf(node: SchemaNode, bytes: Uint8Array): Scalar {
  try {
    return utf8.decode(bytes);
  } catch {
    if (node.isText) throw new Error('a text is not UTF-8');
    return bytes;
  }
}

/** Differences in blocks (DELTA_BINARY_PACKED), which are added up. */
export function readDelta(cursor: Cursor, count: number): number[] {
  const [block, parts] = [readVarint(cursor), readVarint(cursor)];
  const total = readVarint(cursor);
  const size = block / parts;
  if (!(parts >= 1 && parts <= 1024 && Number.isInteger(size / 8) && size <= 1 << 20) || total !== count)
    throw new Error('blocks of differences are broken');
  let value = readZigzag(cursor);
  const out: number[] = count > 0 ? [value] : [];
  while (out.length < count) {
    const least = readZigzag(cursor);
    const widths = readBytes(cursor, parts);
    for (let part = 0; part < parts && out.length < count; part++) {
      const width = widths[part]!;
      const packed = readBytes(cursor, (size * width) / 8);
      for (let i = 0; i < size && out.length < count; i++) {
        value += least + wide(packed, i * width, width);
        out.push(value);
      }
    }
  }
  return out;
}

/** A number of up to 64 bits. */
function wide(packed: Uint8Array, bit: number, width: number): number {
  let value = 0;
  for (let got = 0; got < width; ) {
    const [byte, offset] = [packed[(bit + got) >> 3]!, (bit + got) & 7];
    const take = Math.min(8 - offset, width - got);
    value += ((byte >> offset) & ((1 << take) - 1)) * 2 ** got;
    got += take;
  }
  return value;
}

/** Texts after all of their lengths (DELTA_LENGTH_BYTE_ARRAY). */
export function readDeltaLengths(cursor: Cursor, node: SchemaNode, count: number): Scalar[] {
  return readDelta(cursor, count).map(length => textOf(node, readBytes(cursor, length)));
}

/** Texts that share their beginning with the one before (DELTA_BYTE_ARRAY); `left` is how many bytes they may have. */
export function readDeltaTexts(cursor: Cursor, node: SchemaNode, count: number, left: number): Scalar[] {
  const prefixes = readDelta(cursor, count);
  const suffixes = readDelta(cursor, count);
  let last = new Uint8Array();
  return prefixes.map((shared, i) => {
    const rest = readBytes(cursor, suffixes[i]!);
    if (!(shared >= 0 && shared <= last.length)) throw new Error('a text shares more than there is');
    left -= shared + rest.length;
    if (left < 0) throw new Error('its texts are longer than what is read');
    const whole = new Uint8Array(shared + rest.length);
    whole.set(last.subarray(0, shared));
    whole.set(rest, shared);
    last = whole;
    return textOf(node, whole);
  });
}
