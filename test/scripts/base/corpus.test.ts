import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { Tokenizer } from '@huggingface/tokenizers';
import { cachedEncoder, encodeDocument, packedBatches, skillDocument } from '../../../scripts/base/corpus.ts';
import { sampleSplit } from '../../../scripts/data/sampleSplit.ts';
import { splitOf } from '../../../scripts/data/split.ts';
import { Random } from '../../../src/nn/tensor/random.ts';

const json = (name: string) =>
  JSON.parse(readFileSync(new URL(`../../../media/base/${name}`, import.meta.url), 'utf8'));
const tokenizer = new Tokenizer(json('tokenizer.json'), json('tokenizer_config.json'));
const encode = (text: string): number[] => tokenizer.encode(text, { add_special_tokens: false }).ids;
const vocabulary = { encode, count: Object.keys(json('tokenizer.json').model.vocab).length };

const random = new Random(4);
const documents = Array.from({ length: 4000 }, () => skillDocument(random));
const texts = documents.map(pieces => pieces.map(([text]) => text).join(''));
const corpus = texts.join('\n');

test('the cached encoder gives the ids of the tokenizer, one weight each', () => {
  const encoder = cachedEncoder(encode);
  documents.slice(0, 300).forEach((pieces, i) => {
    const { ids, weights } = encodeDocument(pieces, encoder);
    assert.deepEqual(ids, encode(texts[i]!));
    assert.equal(weights.length, ids.length);
  });
});

test('weights: what a passage tells counts little, what follows from it in full', () => {
  const pieces: [string, number][] = [
    ['Emma is in the school.\nEmma ->', 0.1],
    [' the school\n', 1],
  ];
  const { ids, weights } = encodeDocument(pieces, cachedEncoder(encode));
  const text = (weight: number) => tokenizer.decode(ids.filter((_, i) => weights[i] === weight));
  assert.equal(text(1), ' the school\n');
  assert.equal(text(0.1), 'Emma is in the school.\nEmma ->');
});

test('batches: rows start with a document, token 0 between documents, one weight per target', () => {
  const { ids, weights } = packedBatches(vocabulary, new Random(1), 4, 256).next().value;
  assert.equal(ids.length, 4 * 257);
  assert.equal(weights.length, 4 * 256);
  for (let row = 0; row < 4; row++) assert.ok(ids[row * 257]! > 2);
  assert.ok(ids.filter(id => id === 0).length >= 4);
  // The signal is dense: the answers make up a third to a half of the weight there could be.
  const mean = weights.reduce((sum, w) => sum + w, 0) / weights.length;
  assert.ok(mean > 0.3 && mean < 0.6);
});

test('the mix of all tokens: every token is one that follows from what stands before it, and chat turns ask for copies', () => {
  const batches = packedBatches(vocabulary, new Random(2), 16, 256, 'tokens');
  const followed = new Set<number>();
  for (let i = 0; i < 60; i++) {
    const { ids, weights } = batches.next().value;
    weights.forEach((weight, at) => {
      if (weight === 1) followed.add(ids[Math.floor(at / 256) * 257 + (at % 256) + 1]!);
    });
  }
  // '<|endoftext|>' stands between documents, with the weight of filler.
  assert.ok(followed.size >= 0.99 * (vocabulary.count - 1), `${followed.size} of ${vocabulary.count}`);
  const turns = Array.from({ length: 400 }, () => skillDocument(random, 'tokens'))
    .map(pieces => pieces.map(([text]) => text).join(''))
    .filter(text => text.includes('<|im_'));
  assert.ok(turns.length > 10);
  for (const text of turns) {
    const [, asked, answer] = /user\n(.*?)<\|im_end\|>\n<\|im_start\|>assistant\n(.*?)<\|im_end\|>/s.exec(text)!;
    assert.ok(asked!.includes(answer!), text);
  }
});

test("the corpus has no chat turns, no 'Answer:' and none of the experts' questions", () => {
  assert.doesNotMatch(corpus, /<\|im_|Answer:|Solve|What |Who |Where |Write |Calculate|Which word|How much/);
});

test('no question that is kept back from training is worked in the corpus', () => {
  const marks: Record<string, string> = { '+': 'add', '-': 'subtract', '*': 'multiply', '/': 'divide' };
  let worked = 0;
  for (const [, a, mark, b] of corpus.matchAll(/(?<![\d-])(\d+)([-+*/])(\d+):/g)) {
    const values = mark === '+' ? [a, b].sort((p, q) => Number(p) - Number(q)) : [a, b];
    assert.equal(splitOf(`${marks[mark!]}:${values}`), 'train');
    worked++;
  }
  assert.ok(worked > 500);
  for (const [, b, c] of corpus.matchAll(/b=(-?\d+), c=(-?\d+):/g))
    assert.equal(splitOf(`quadratic:${b},${c}`), 'train');
  const bodies = new Set([...corpus.matchAll(/function \w+(\(.*)/g)].map(match => match[1]!));
  assert.ok(bodies.size > 300);
  for (const { messages } of sampleSplit('code', 'heldout', 300, 9))
    assert.ok(!bodies.has(messages[1].content.replace(/^function \w+/, '')), messages[1].content);
});
