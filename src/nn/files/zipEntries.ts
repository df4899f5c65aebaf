import { WorkbenchError } from '../../protocol/errors.ts';

/** PyTorch stores one entry a tensor and a handful beside them. */
const maxEntries = 100_000;

/**
 * The entries of a zip archive by name, as views of its bytes; with the extension for large archives (ZIP64), which PyTorch
 * always writes. Entries must be stored as they are: PyTorch compresses none.
 * Layout: https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT
 *
 * @throws WorkbenchError `badFile` naming the file and the entry
 */
export function zipEntries(bytes: Uint8Array, fileName: string): Map<string, Uint8Array> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const bad = (what: string) => new WorkbenchError('badFile', `${fileName}: ${what}`, 'Copy or download it again.');
  const u16 = (at: number) => view.getUint16(at, true);
  const u32 = (at: number) => view.getUint32(at, true);
  const u64 = (at: number) => u32(at + 4) * 2 ** 32 + u32(at);
  const isInside = (at: number, length: number) => at >= 0 && length >= 0 && at + length <= bytes.length;

  const end = endRecord(view);
  if (end === undefined) throw bad('has no directory of a zip archive at its end; it is not complete');
  let [count, at] = [u16(end + 10), u32(end + 16)];
  if (isInside(end - 20, 20) && u32(end - 20) === 0x07064b50) {
    const large = u64(end - 12);
    if (!isInside(large, 56) || u32(large) !== 0x06064b50) throw bad('has a broken directory');
    [count, at] = [u64(large + 32), u64(large + 48)];
  }
  if (count > maxEntries) throw bad(`lists ${count} entries; at most ${maxEntries} are read`);
  const entries = new Map<string, Uint8Array>();
  for (let i = 0; i < count; i++) {
    if (!isInside(at, 46) || u32(at) !== 0x02014b50) throw bad('has a broken directory');
    const [nameLength, extraLength, commentLength] = [u16(at + 28), u16(at + 30), u16(at + 32)];
    if (!isInside(at + 46, nameLength + extraLength)) throw bad('has a broken directory');
    const name = new TextDecoder().decode(bytes.subarray(at + 46, at + 46 + nameLength));
    const entry = `entry ${JSON.stringify(name.slice(0, 100))}`;
    if (u16(at + 10) !== 0) throw bad(`${entry} is compressed, which PyTorch does not do`);
    const sizes = { size: u32(at + 24), stored: u32(at + 20), start: u32(at + 42) };
    // Fields that do not fit into 32 bits follow each other in an extra field.
    const extra = at + 46 + nameLength;
    for (let e = extra; e + 4 <= extra + extraLength; e += 4 + u16(e + 2)) {
      if (u16(e) !== 1) continue;
      let field = e + 4;
      for (const key of ['size', 'stored', 'start'] as const)
        if (sizes[key] === 0xffffffff && isInside(field, 8) && field + 8 <= e + 4 + u16(e + 2)) {
          sizes[key] = u64(field);
          field += 8;
        }
    }
    const { size, stored, start } = sizes;
    if (!isInside(start, 30) || u32(start) !== 0x04034b50) throw bad(`${entry} lies outside the file`);
    const data = start + 30 + u16(start + 26) + u16(start + 28);
    if (size !== stored || !isInside(data, size)) throw bad(`${entry} lies outside the file`);
    if (entries.has(name)) throw bad(`${entry} is there twice`);
    entries.set(name, bytes.subarray(data, data + size));
    at += 46 + nameLength + extraLength + commentLength;
  }
  return entries;
}

/** Where the last record begins; a comment of at most 64 KiB may follow it. */
function endRecord(view: DataView): number | undefined {
  for (let at = view.byteLength - 22; at >= Math.max(0, view.byteLength - 22 - 0xffff); at--)
    if (view.getUint32(at, true) === 0x06054b50) return at;
  return undefined;
}
