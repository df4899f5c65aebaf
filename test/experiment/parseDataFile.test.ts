import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { parseDataFile } from '../../src/experiment/parseDataFile.ts';

const row = { question: '2+2?', answer: '4' };
const messages = [
  { role: 'user', content: '2+2?' },
  { role: 'assistant', content: '4' },
];

test('a file that is packed is read as what is in it', () => {
  for (const [name, text] of [
    ['a.jsonl.gz', JSON.stringify(row)],
    ['a.json.gz', JSON.stringify([row], null, 2)],
    ['a.csv.gz', 'question,answer\n2+2?,4\n'],
    ['a.tsv.GZ', 'question\tanswer\n2+2?\t4\n'],
  ] as const) {
    const { examples, problems } = parseDataFile(gzipSync(text), name);
    assert.deepEqual(problems, []);
    assert.deepEqual(examples[0]!.messages, messages);
  }
  const packed = gzipSync(readFileSync('test/golden/parquet/squad.parquet'));
  assert.equal(parseDataFile(packed, 's.parquet.gz').examples.length, 2);
});

test('problems of a packed file name the file that is there', () => {
  const { problems } = parseDataFile(gzipSync(`${JSON.stringify(row)}\n{`), 'a.jsonl.gz');
  assert.match(problems[0]!.message, /^a\.jsonl\.gz:2: the line is not valid JSON/);
});

test('a file that would unpack to more than is read, and one that is damaged, are refused', () => {
  const bomb = gzipSync(Buffer.alloc(250_000_000, 32), { level: 9 });
  assert.ok(bomb.length < 300_000);
  const message = 'a.jsonl.gz:1: unpacked the file has more than the 200 MB that are read.';
  assert.deepEqual(
    parseDataFile(bomb, 'a.jsonl.gz').problems.map(p => p.message),
    [message],
  );
  const whole = gzipSync(JSON.stringify(row));
  assert.match(
    parseDataFile(whole.subarray(0, -6), 'a.jsonl.gz').problems[0]!.message,
    /^a\.jsonl\.gz:1: the file cannot be unpacked \(unexpected end of file\); pack it again\.$/,
  );
});
