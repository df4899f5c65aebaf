import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodeText } from '../../src/data/decodeText.ts';
import { parseDataset } from '../../src/data/parseDataset.ts';

const bytes = (...values: number[]) => Uint8Array.from(values);
const utf8 = (text: string) => new TextEncoder().encode(text);

function utf16(text: string, high: 0 | 1, mark: boolean): Uint8Array {
  const units = [...(mark ? [0xfeff] : []), ...Array.from({ length: text.length }, (_, i) => text.charCodeAt(i))];
  return Uint8Array.from(units.flatMap(unit => (high === 1 ? [unit & 255, unit >> 8] : [unit >> 8, unit & 255])));
}

const upper = '€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ';
const upperBytes = [
  0x80, 0x82, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8a, 0x8b, 0x8c, 0x8e, 0x91, 0x92, 0x93, 0x94, 0x95, 0x96,
  0x97, 0x98, 0x99, 0x9a, 0x9b, 0x9c, 0x9e, 0x9f,
];
const cp1252 = (text: string) =>
  Uint8Array.from(text, sign => (upper.includes(sign) ? upperBytes[upper.indexOf(sign)]! : sign.charCodeAt(0)));

test('a text is read in whatever encoding it was written', () => {
  const text = 'frage;antwort\r\nGröße – „Maß“?;Schön, Ça va 5 €\r\n';
  const written: [Uint8Array, string][] = [
    [utf8(text), 'utf-8'],
    [utf8(`\uFEFF${text}`), 'utf-8'],
    [cp1252(text), 'windows-1252'],
    [utf16(text, 1, true), 'utf-16le'],
    [utf16(text, 0, true), 'utf-16be'],
    [utf16(text, 1, false), 'utf-16le'],
    [utf16(text, 0, false), 'utf-16be'],
  ];
  for (const [data, encoding] of written) assert.deepEqual(decodeText(data), { text, encoding }, encoding);
  assert.deepEqual(decodeText(bytes()), { text: '', encoding: 'utf-8' });
  assert.equal(
    decodeText(Uint8Array.from(upperBytes.flatMap(b => [97, b]))).text,
    [...upper].map(s => `a${s}`).join(''),
  );
});

test('what is no text in a known encoding is refused with its place', () => {
  const refused = (data: Uint8Array) => {
    const { text, ...place } = decodeText(data) as { text?: string; line: number; reason: string };
    assert.equal(text, undefined);
    return `${place.line}: ${place.reason}`;
  };
  assert.match(refused(bytes(97, 10, 98, 0x81)), /^2: byte 0x81 at column 2 \(byte 4 of the file\) is not UTF-8/);
  // UTF-8 with a byte too many, or cut off: read as Windows-1252 all of it would be spoilt.
  assert.match(refused(bytes(...utf8('für\ndich, ü'), 0xff, 97)), /^2: byte 0xFF at column 9/);
  assert.match(refused(utf8('für\ndich, ü').subarray(0, -1)), /^2: byte 0xC3 at column 7/);
  for (const [name, data] of [
    ['Windows-1251', bytes(0xcf, 0xf0, 0xe8, 0xe2, 0xe5, 0xf2, 44, 0xec, 0xe8, 0xf0)],
    ['GB 2312', bytes(0xc4, 0xe3, 0xba, 0xc3, 44, 0xca, 0xc0, 0xbd, 0xe7)],
    ['Shift JIS', bytes(0x82, 0xb1, 0x82, 0xf1, 0x81, 0x41)],
  ] as const)
    assert.match(refused(data), /^1: byte 0x.. at column 1 .*not UTF-8; save it as UTF-8$/, name);
  assert.match(refused(utf16('a\nb\ud83d', 1, true)), /^2: a character is cut in half, which no UTF-16LE/);
  assert.match(refused(utf16('ab', 0, true).subarray(0, -1)), /^1: a character is cut in half, which no UTF-16BE/);
  assert.equal(refused(bytes(0xff, 0xfe, 0, 0, 97, 0, 0, 0)), '1: the file is in UTF-32; save it as UTF-8');
  assert.equal(refused(bytes(0, 0, 0xfe, 0xff, 0, 0, 0, 97)), '1: the file is in UTF-32; save it as UTF-8');
  assert.match(refused(utf8('ab\ncd\0efghijklmnopqr')), /^2: a zero byte stands here/);
  assert.equal(refused(bytes(0x1f, 0x8b, 8, 0, 0, 0)), '1: the file is compressed with gzip; unpack it');
  assert.match(refused(bytes(0x50, 0x4b, 3, 4, 20)), /^1: the file is a ZIP archive or a spreadsheet; /);
  assert.match(refused(utf8('PAR1\x15\x04')), /^1: the file is in the format Parquet; /);
});

test('random texts come back from UTF-8 and UTF-16 as they were (property)', () => {
  const text = fc.string({ unit: 'binary' }).filter(t => !t.includes('\0') && !t.startsWith('\uFEFF'));
  fc.assert(
    fc.property(text, t => {
      assert.equal(decodeText(utf8(t)).text, t);
      for (const high of [0, 1] as const) assert.equal(decodeText(utf16(t, high, true)).text, t);
    }),
  );
});

test('Western text comes back from Windows-1252 and is never spoilt (property)', () => {
  const letters = fc.constantFrom(...'abcdefghijklmnop \n,.');
  const special = fc.constantFrom(...`${upper}äöüßéèçñÄÖÜ«»¿`);
  const word = fc.tuple(letters, special, letters, letters).map(signs => signs.join(''));
  fc.assert(
    fc.property(fc.array(word, { minLength: 1, maxLength: 30 }), words => {
      const text = words.join('');
      assert.deepEqual(decodeText(cp1252(text)), { text, encoding: 'windows-1252' });
    }),
  );
});

test('no bytes give U+FFFD that they do not hold (fuzz)', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), data => {
      const { text } = decodeText(data);
      if (text === undefined) return;
      const held = [Buffer.from('\uFFFD'), Buffer.from([0xfd, 0xff]), Buffer.from([0xff, 0xfd])];
      assert.ok(!text.includes('\uFFFD') || held.some(mark => Buffer.from(data).includes(mark)));
    }),
    { numRuns: 1000 },
  );
});

test('characters that were lost before are told with their first line', () => {
  const { examples, problems } = parseDataset(utf8('prompt,completion\na,b\nGr\uFFFDn,c\n\uFFFD,d\n'), 'a.csv');
  assert.deepEqual(
    [examples.length, problems.map(p => [p.code, p.severity, p.where])],
    [3, [['lostCharacter', 'warning', 'a.csv:3']]],
  );
});

test('a dataset says that it was converted, or where it could not be', () => {
  const converted = parseDataset(cp1252('prompt;completion\nGröße?;Grüß Gott\n'), 'a.csv');
  assert.equal(converted.examples[0]!.messages[1]!.content, 'Grüß Gott');
  assert.deepEqual(
    converted.problems.map(p => [p.code, p.severity, p.message]),
    [['convertedText', 'warning', 'a.csv:1: the file is not UTF-8; it is read as Windows-1252.']],
  );
  const wide = parseDataset(utf16('{"prompt":"a","completion":"ü"}\n', 1, true), 'a.jsonl');
  assert.deepEqual([wide.examples.length, wide.problems[0]!.code], [1, 'convertedText']);
  const refused = parseDataset(bytes(...utf8('prompt,completion\nä,b\nü,'), 0xff, 10), 'a.csv');
  assert.deepEqual(refused.examples, []);
  assert.deepEqual(
    refused.problems.map(p => [p.code, p.severity, p.where, p.message]),
    [
      [
        'badEncoding',
        'error',
        'a.csv:3',
        'a.csv:3: byte 0xFF at column 4 (byte 27 of the file) is not UTF-8; save it as UTF-8.',
      ],
    ],
  );
});
