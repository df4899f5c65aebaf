type Encoding = 'utf-8' | 'utf-16le' | 'utf-16be' | 'windows-1252';

/** The text of a file, or what it is that is no text, and in which line. */
export type DecodedText = { text: string; encoding: Encoding } | { text?: undefined; line: number; reason: string };

/**
 * The text of a file's bytes, without a byte order mark: UTF-8; UTF-16 where a mark says so or the zeros of its ASCII
 * characters show it; else Windows-1252, in which spreadsheets save CSV, where the bytes can be such a text. Anything
 * else is refused: a text that was guessed wrong would be learned as it was guessed.
 */
export function decodeText(bytes: Uint8Array): DecodedText {
  const other = otherKinds.find(({ begins }) => begins.every((byte, i) => bytes[i] === byte));
  if (other) return { line: 1, reason: other.reason };
  const found = decoded(bytes);
  if (found.text === undefined) return found;
  const zero = found.text.indexOf('\0');
  if (zero < 0) return found;
  return {
    line: lineAt(found.text, zero),
    reason: 'a zero byte stands here, which no text has: the file is of another kind',
  };
}

const magic = (text: string) => Array.from(text, letter => letter.charCodeAt(0));

/** Files of other kinds that data comes in, by their first bytes. */
const otherKinds: { begins: number[]; reason: string }[] = [
  { begins: [0x1f, 0x8b], reason: 'the file is compressed with gzip; unpack it' },
  { begins: [0x28, 0xb5, 0x2f, 0xfd], reason: 'the file is compressed with Zstandard; unpack it' },
  {
    begins: magic('PK\x03\x04'),
    reason: 'the file is a ZIP archive or a spreadsheet; unpack it, or save the spreadsheet as CSV',
  },
  { begins: magic('PAR1'), reason: 'the file is in the format Parquet; save it as JSONL or CSV' },
  // Before UTF-16, with whose mark the first begins.
  { begins: [0xff, 0xfe, 0, 0], reason: 'the file is in UTF-32; save it as UTF-8' },
  { begins: [0, 0, 0xfe, 0xff], reason: 'the file is in UTF-32; save it as UTF-8' },
];

/** The line of a character, from 1. */
export function lineAt(text: string, at: number): number {
  let line = 1;
  for (let n = text.indexOf('\n'); n >= 0 && n < at; n = text.indexOf('\n', n + 1)) line++;
  return line;
}

function decoded(bytes: Uint8Array): DecodedText {
  const wide = wideEncoding(bytes);
  if (wide) return decodeWide(bytes, wide);
  try {
    return { text: new TextDecoder('utf-8', { fatal: true }).decode(bytes), encoding: 'utf-8' };
  } catch {
    const flaws = utf8Flaws(bytes);
    if (isWindows1252(bytes, flaws))
      return { text: textOf(bytes.length, i => windows1252[bytes[i]!]!), encoding: 'windows-1252' };
    return notUtf8(bytes, flaws.first);
  }
}

function notUtf8(bytes: Uint8Array, at: number): DecodedText {
  const { line, column } = placeOf(bytes, at);
  const byte = `0x${bytes[at]!.toString(16).toUpperCase()}`;
  return {
    line,
    reason: `byte ${byte} at column ${column} (byte ${at + 1} of the file) is not UTF-8; save it as UTF-8`,
  };
}

/** Line and column of a byte, from 1; columns are bytes. */
function placeOf(bytes: Uint8Array, at: number): { line: number; column: number } {
  let [line, start] = [1, 0];
  for (let n = bytes.indexOf(10); n >= 0 && n < at; n = bytes.indexOf(10, n + 1)) [line, start] = [line + 1, n + 1];
  return { line, column: at - start + 1 };
}

/** UTF-16 by its mark, or by the zeros in every other byte that most characters of data files have. */
function wideEncoding(bytes: Uint8Array): 'utf-16le' | 'utf-16be' | undefined {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return 'utf-16le';
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return 'utf-16be';
  if (!bytes.includes(0)) return undefined;
  const zeros = [0, 0];
  for (let i = 0; i < bytes.length; i++) if (bytes[i] === 0) zeros[i % 2]!++;
  const [even, odd] = zeros as [number, number];
  const clear = Math.max(1, bytes.length / 8);
  if (even === 0 && odd >= clear) return 'utf-16le';
  return odd === 0 && even >= clear ? 'utf-16be' : undefined;
}

function decodeWide(bytes: Uint8Array, encoding: 'utf-16le' | 'utf-16be'): DecodedText {
  const high = encoding === 'utf-16le' ? 1 : 0;
  const unitAt = (i: number) => bytes[2 * i + 1 - high]! | (bytes[2 * i + high]! << 8);
  const mark = bytes.length > 1 && unitAt(0) === 0xfeff ? 1 : 0;
  const text = textOf((bytes.length >> 1) - mark, i => unitAt(i + mark));
  const half = text.search(/\p{Surrogate}/u);
  const flaw = half >= 0 ? half : bytes.length % 2 === 1 ? text.length : undefined;
  if (flaw === undefined) return { text, encoding };
  const line = lineAt(text, flaw);
  return {
    line,
    reason: `a character is cut in half, which no ${encoding.toUpperCase()} text has; save the file as UTF-8`,
  };
}

/** Of UTF-16 code units, made in pieces that fit the stack as arguments. */
function textOf(length: number, unitAt: (i: number) => number): string {
  const pieces: string[] = [];
  for (let start = 0; start < length; start += 8192) {
    const units = new Uint16Array(Math.min(8192, length - start));
    for (let i = 0; i < units.length; i++) units[i] = unitAt(start + i);
    pieces.push(String.fromCharCode(...units));
  }
  return pieces.join('');
}

interface Utf8Flaws {
  /** The first byte that is no part of a character. */
  first: number;
  /** How many there are … */
  count: number;
  /** … beside so many characters of several bytes. */
  characters: number;
}

/** In Windows-1252 ß, which a closing quote makes a character of N’Ko where it is read as UTF-8. */
const sharpS = 0xdf;

function utf8Flaws(bytes: Uint8Array): Utf8Flaws {
  const flaws: Utf8Flaws = { first: bytes.length, count: 0, characters: 0 };
  for (let i = 0; i < bytes.length; ) {
    const length = characterLength(bytes, i);
    if (length === 0) {
      flaws.first = Math.min(flaws.first, i);
      flaws.count++;
    } else if (length > 1 && bytes[i] !== sharpS) flaws.characters++;
    i += length || 1;
  }
  return flaws;
}

/** In bytes, of the UTF-8 character that begins here; 0 where none does (Unicode 15, table 3-7). */
function characterLength(bytes: Uint8Array, at: number): number {
  const first = bytes[at]!;
  if (first < 0x80) return 1;
  const length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4) return 0;
  const low = first === 0xe0 ? 0xa0 : first === 0xf0 ? 0x90 : 0x80;
  const high = first === 0xed ? 0x9f : first === 0xf4 ? 0x8f : 0xbf;
  for (let i = 1; i < length; i++) {
    const byte = bytes[at + i] ?? 0;
    if (i === 1 ? byte < low || byte > high : byte < 0x80 || byte > 0xbf) return 0;
  }
  return length;
}

/** The characters of 0x80 to 0x9F; those of 0 are none (unicode.org, MAPPINGS/VENDORS/MICSFT/WINDOWS/CP1252.TXT). */
const upper = '€\0‚ƒ„…†‡ˆ‰Š‹Œ\0Ž\0\0‘’“”•–—˜™š›œ\0žŸ';

/** The code unit of each byte. */
const windows1252 = Uint16Array.from({ length: 256 }, (_, byte) =>
  byte >= 0x80 && byte < 0xa0 ? upper.charCodeAt(byte - 0x80) : byte,
);

/**
 * Whether bytes that are not UTF-8 can be a text in Windows-1252. They are not where most of it is UTF-8 after all, where
 * a byte stands that Windows-1252 has no character for, and where most signs beyond ASCII stand in rows of three and
 * more, as they do in Cyrillic, Greek and Asian encodings and in no Western language.
 */
function isWindows1252(bytes: Uint8Array, flaws: Utf8Flaws): boolean {
  if (flaws.characters * 10 > flaws.count) return false;
  let signs = 0;
  let inRows = 0;
  let row = 0;
  for (let i = 0; i <= bytes.length; i++) {
    const byte = i < bytes.length ? bytes[i]! : 10;
    if (windows1252[byte] === 0 || (byte < 32 && byte !== 9 && byte !== 10 && byte !== 12 && byte !== 13)) return false;
    // 0xA0 is the blank that does not break, of which rows are common.
    if (byte > 0xa0) row++;
    else {
      signs += row;
      if (row > 2) inRows += row;
      row = 0;
    }
  }
  return inRows * 2 <= signs;
}
