import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { gzipSync } from 'node:zlib';
import { parseDataset } from '../../src/data/parseDataset.ts';
import { parseDataFile } from '../../src/experiment/parseDataFile.ts';
import { splitDataFile } from '../../src/experiment/splitDataFile.ts';

const messagesOf = (text: string) => parseDataset(text, 'x.jsonl').examples.map(e => e.messages);

test('Parquet is split as the same rows in JSON are, packed or not, and each example is on one side', () => {
  const file = readFileSync('test/golden/parquet/qa.delta.parquet');
  const { examples } = parseDataFile(file, 'qa.parquet');
  const { rest, aside, counts } = splitDataFile(file, 'qa.parquet', { share: 0.1 })!;
  assert.equal(counts.rest + counts.aside, examples.length);
  assert.ok(counts.aside > 0 && counts.aside < counts.rest);
  const whole = [...messagesOf(rest), ...messagesOf(aside)].map(each => JSON.stringify(each)).toSorted();
  assert.deepEqual(whole, examples.map(({ messages }) => JSON.stringify(messages)).toSorted());
  assert.deepEqual(splitDataFile(gzipSync(file), 'qa.parquet.gz', { share: 0.1 }), { rest, aside, counts });
});

test('text that is packed is split as what is in it', () => {
  const lines = Array.from({ length: 20 }, (_, i) => JSON.stringify({ prompt: `p${i}`, completion: `${i}` })).join(
    '\n',
  );
  const packed = splitDataFile(gzipSync(lines), 'x.jsonl.gz', { share: 0.1 })!;
  assert.deepEqual(packed.counts, { rest: 18, aside: 2 });
  assert.deepEqual(packed, splitDataFile(Buffer.from(lines), 'x.jsonl', { share: 0.1 }));
});
