import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { parquetRows } from '../../src/data/parquet/parquetRows.ts';
import { snappy } from '../../src/data/parquet/snappy.ts';
import { parseParquet } from '../../src/data/parseDataset.ts';
import { problemList } from '../../src/data/problemList.ts';

// Files of pyarrow (test/golden/parquet/make.py).
const folder = 'test/golden/parquet';
const unpackers = {
  gzip: (packed: Uint8Array, size: number) => gunzipSync(packed, { maxOutputLength: size + 1 }),
  Brotli: (packed: Uint8Array, size: number) => brotliDecompressSync(packed, { maxOutputLength: size + 1 }),
};

function read(bytes: Uint8Array) {
  const report = problemList('a.parquet');
  const rows = [...parquetRows([bytes], report, unpackers)];
  return { rows, problems: report.problems().map(p => p.message) };
}

const chat = JSON.parse(readFileSync(`${folder}/chat.json`, 'utf8'));
for (const codec of ['snappy', 'gzip', 'brotli', 'none'])
  test(`lists of messages, groups, numbers and nothing: ${codec}`, () => {
    const { rows, problems } = read(readFileSync(`${folder}/chat.${codec}.parquet`));
    assert.deepEqual(problems, []);
    assert.deepEqual(
      rows.map(r => r.fields),
      chat,
    );
    assert.deepEqual(
      rows.map(r => r.line),
      [1, 2, 3],
    );
  });

for (const [codec, name] of [
  ['zstd', 'Zstandard'],
  ['lz4', 'LZ4_RAW'],
])
  test(`a compression that is not read is named: ${name}`, () => {
    const { problems } = read(readFileSync(`${folder}/chat.${codec}.parquet`));
    assert.deepEqual(problems, [
      `a.parquet:1: the Parquet file cannot be read: it is compressed with ${name}, which is not read; write it with Snappy or gzip.`,
    ]);
  });

for (const file of ['qa.delta', 'qa.pages'])
  test(`many pages and row groups, by differences and by dictionaries: ${file}`, () => {
    const { rows, problems } = read(readFileSync(`${folder}/${file}.parquet`));
    const words = 'apple river system function table number answer house'.split(' ');
    assert.deepEqual(problems, []);
    const expected = Array.from({ length: 300 }, (_, i) => ({
      question: `What is ${words[i % 8]} ${i}?`,
      answer: `It is ${words[(i * 3) % 8]}.`,
      level: i % 5,
      id: i * 1e9,
    }));
    assert.deepEqual(
      rows.map(r => r.fields),
      expected,
    );
  });

test('examples of Parquet are those of the same rows in JSON; what is not used is named with its first row', () => {
  const { examples, problems } = parseParquet([readFileSync(`${folder}/chat.snappy.parquet`)], 'c.parquet', unpackers);
  assert.deepEqual(
    examples.map(e => e.messages),
    chat.map((row: { messages: unknown }) => row.messages),
  );
  assert.deepEqual(
    problems.map(p => p.message),
    [
      "c.parquet:1: the field 'source' is not used (2 lines have it).",
      "c.parquet:1: the field 'score' is not used (2 lines have it).",
      "c.parquet:1: the field 'n' is not used (2 lines have it).",
      "c.parquet:1: the field 'ok' is not used (2 lines have it).",
      "c.parquet:1: the field 'tags' is not used (1 line has it).",
      "c.parquet:1: the field 'meta' is not used (2 lines have it).",
    ],
  );
});

test("SQuAD's context, question and first answer", () => {
  const { examples } = parseParquet([readFileSync(`${folder}/squad.parquet`)], 's.parquet', unpackers);
  assert.deepEqual(examples[0]!.messages, [
    { role: 'user', content: 'Bob did it.\n\nWho did it?' },
    { role: 'assistant', content: 'Bob' },
  ]);
});

test('several files are one dataset, whose rows are numbered on', () => {
  const files = ['chat.none', 'chat.gzip'].map(name => readFileSync(`${folder}/${name}.parquet`));
  const { examples } = parseParquet(files, 'c', unpackers);
  assert.deepEqual(
    examples.map(e => e.line),
    [1, 2, 3, 4, 5, 6],
  );
});

test('a file that is cut off is refused, and so is a claim of more than there is', () => {
  const whole = readFileSync(`${folder}/chat.snappy.parquet`);
  assert.match(read(whole.subarray(0, -1)).problems[0]!, /it has no end: it was cut off/);
  assert.match(read(Buffer.concat([whole.subarray(0, 4), whole.subarray(-8)])).problems[0]!, /longer than the file/);
});

test('Snappy: literals, copies that reach into themselves, and lengths that do not fit', () => {
  // 'ab' and then ten characters from two back: abababababab.
  const packed = Uint8Array.of(12, 1 << 2, 97, 98, (9 << 2) | 2, 2, 0);
  assert.equal(Buffer.from(snappy(packed, 12)).toString(), 'abababababab');
  assert.throws(() => snappy(packed, 13), /another length/);
  assert.throws(() => snappy(Uint8Array.of(12, 1 << 2, 97, 98, (9 << 2) | 2, 3, 0), 12), /damaged/);
});

test('any bytes in place of others give rows or one problem, soon (fuzz)', () => {
  const files = readdirSync(folder)
    .filter(name => name.endsWith('.parquet'))
    .map(name => readFileSync(`${folder}/${name}`));
  const change = fc.tuple(
    fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
    fc.integer({ min: 0, max: 255 }),
  );
  fc.assert(
    fc.property(fc.constantFrom(...files), fc.array(change, { minLength: 1, maxLength: 6 }), (file, changes) => {
      const bytes = Buffer.from(file);
      for (const [share, byte] of changes) bytes[4 + Math.floor(share * (bytes.length - 12))] = byte;
      const started = performance.now();
      assert.ok(read(bytes).problems.length <= 1);
      assert.ok(performance.now() - started < 2_000);
    }),
    { numRuns: 3_000, seed: 1 },
  );
});
