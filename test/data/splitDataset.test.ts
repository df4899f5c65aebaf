import assert from 'node:assert/strict';
import test from 'node:test';
import { parseDataset } from '../../src/data/parseDataset.ts';
import { splitDataset } from '../../src/data/splitDataset.ts';

const prompts = (text: string, columns?: { prompt: string; answer: string }) =>
  parseDataset(text, 'x.jsonl', { columns }).examples.map(e => e.messages[0]!.content);

test('a tenth is set aside, whole lines of it, and no prompt is on both sides', () => {
  // Every prompt twice.
  const lines = Array.from({ length: 80 }, (_, i) => `{"prompt":  "${i % 40}", "completion": "${i}"}`);
  const { rest, aside, counts } = splitDataset(lines.join('\r\n'), 'x.jsonl', { share: 0.1 })!;
  assert.deepEqual(counts, { rest: 72, aside: 8 });
  assert.deepEqual([...new Set(prompts(aside))], ['5', '15', '25', '35']);
  assert.ok(!prompts(rest).some(prompt => prompts(aside).includes(prompt)));
  assert.deepEqual([...rest.split('\n'), ...aside.split('\n')].filter(line => line).toSorted(), lines.toSorted());
});

test('tables and lists become lines that say the same', () => {
  const columns = { prompt: 'q,1', answer: 'a' };
  const csv = '"q,1",a,more\n"one\nline",1,x\ntwo,2,y\nthree,3,z\n';
  const { rest, aside } = splitDataset(csv, 'x.csv', { share: 0.5, reading: { columns } })!;
  assert.deepEqual([prompts(rest, columns), prompts(aside, columns)], [['one\nline', 'three'], ['two']]);
  const list = splitDataset('[{"prompt":"a","completion":"1"},\n{"prompt":"b","completion":"2"}]', 'x.json', {
    share: 0.1,
  })!;
  assert.deepEqual([prompts(list.rest), prompts(list.aside)], [['a'], ['b']]);
});

test('of one prompt nothing can be set aside', () => {
  assert.equal(splitDataset('{"prompt":"a","completion":"1"}\n'.repeat(5), 'x.jsonl', { share: 0.1 }), undefined);
  assert.equal(splitDataset('no data', 'x.jsonl', { share: 0.1 }), undefined);
});
