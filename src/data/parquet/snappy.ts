import { cursorOf, readVarint } from './thrift.ts';

/**
 * Unpacks Snappy's raw format (format_description.txt of google/snappy). Throws where the bytes are none, or make another
 * length than `size`.
 */
export function snappy(packed: Uint8Array, size: number): Uint8Array {
  const cursor = cursorOf(packed);
  if (readVarint(cursor) !== size) throw new Error('a page says another length than its Snappy data');
  const out = new Uint8Array(size);
  let { at } = cursor;
  let to = 0;
  const number = (bytes: number) => {
    let value = 0;
    for (let i = 0; i < bytes; i++) value += packed[at + i]! * 256 ** i;
    at += bytes;
    return value;
  };
  while (at < packed.length) {
    const tag = packed[at++]!;
    const kind = tag & 3;
    if (kind === 0) {
      const short = tag >> 2;
      const length = (short < 60 ? short : number(short - 59)) + 1;
      if (!(length <= packed.length - at && length <= size - to)) throw new Error('Snappy data is damaged');
      out.set(packed.subarray(at, at + length), to);
      at += length;
      to += length;
    } else {
      const length = kind === 1 ? ((tag >> 2) & 7) + 4 : (tag >> 2) + 1;
      const back = kind === 1 ? ((tag >> 5) << 8) + number(1) : number(kind === 2 ? 2 : 4);
      if (!(back >= 1 && back <= to && length <= size - to)) throw new Error('Snappy data is damaged');
      // Copies may reach into what they write.
      for (const end = to + length; to < end; to++) out[to] = out[to - back]!;
    }
  }
  if (to !== size) throw new Error('Snappy data is damaged');
  return out;
}
