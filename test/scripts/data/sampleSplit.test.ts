import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Domain, GENERATORS, sampleSplit } from '../../../scripts/data/sampleSplit.ts';
import { isTrainable, splitOf } from '../../../scripts/data/split.ts';
import { Random } from '../../../src/nn/tensor/random.ts';
import { WorkbenchError } from '../../../src/protocol/errors.ts';

const DOMAINS: Domain[] = ['math', 'code', 'qa'];

test('keys fall into parts of 80, 5 and 15 %', () => {
  const counts = { train: 0, validation: 0, heldout: 0 };
  for (let i = 0; i < 20_000; i++) counts[splitOf(`add:${i},${i * 7}`)]++;
  assert.ok(Math.abs(counts.train / 20_000 - 0.8) < 0.01);
  assert.ok(Math.abs(counts.validation / 20_000 - 0.05) < 0.01);
  assert.ok(Math.abs(counts.heldout / 20_000 - 0.15) < 0.01);
});

for (const domain of DOMAINS)
  test(`${domain}: same seed, same examples; the parts share neither keys nor questions`, () => {
    const train = sampleSplit(domain, 'train', 500, 1);
    const heldout = sampleSplit(domain, 'heldout', 100, 1);
    assert.deepEqual(sampleSplit(domain, 'heldout', 100, 1), heldout);
    assert.ok(train.every(isTrainable));
    assert.ok(heldout.every(e => splitOf(e.key) === 'heldout'));
    assert.equal(new Set(heldout.map(e => e.key)).size, 100);
    const asked = new Set(train.map(e => e.messages[0].content));
    assert.equal(heldout.filter(e => asked.has(e.messages[0].content)).length, 0);
  });

test('two phrasings of one question have one key', () => {
  const byKey = new Map<string, Set<string>>();
  const random = new Random(2);
  for (let i = 0; i < 20_000; i++) {
    const { key, messages } = GENERATORS.math(random);
    byKey.set(key, (byKey.get(key) ?? new Set()).add(messages[0].content));
  }
  const phrasings = [...byKey.values()].map(set => set.size);
  assert.ok(Math.max(...phrasings) >= 8);
});

test('a part that is too small says so', () => {
  assert.throws(
    () => sampleSplit('math', 'validation', 5000, 1),
    (error: WorkbenchError) =>
      error instanceof WorkbenchError && /has only \d+ questions, 5000 were asked for/.test(error.message),
  );
});

test('questions and answers of 300 examples of a domain are short', () => {
  for (const domain of DOMAINS)
    for (const { messages } of sampleSplit(domain, 'train', 300, 3))
      assert.ok(messages[0].content.length + messages[1].content.length <= 300, messages[0].content);
});
