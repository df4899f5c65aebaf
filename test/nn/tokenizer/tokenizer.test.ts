import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { createTokenizer } from '../../../src/nn/tokenizer/tokenizer.ts';
import { WorkbenchError } from '../../../src/protocol/errors.ts';
import { loadTokenizer } from './loadTokenizer.ts';

const golden = JSON.parse(readFileSync('test/golden/stories260K/golden.json', 'utf8'));
const stories = loadTokenizer('test/golden/stories260K');
const base = loadTokenizer('media/base');

test('stories260K encodes the reference strings to the ids of llama2.c', () => {
  for (const [text, ids] of Object.entries(golden.tokenizer_encode_with_bos)) {
    assert.deepEqual(stories.encode(text), ids, text);
    assert.deepEqual(stories.encode(text, { addSpecialTokens: false }), (ids as number[]).slice(1), text);
  }
});

test('stories260K decodes the reference ids to the reference text', () => {
  const { new_tokens, text } = golden.greedy_from_bos;
  assert.equal(stories.decode(new_tokens), text);
  assert.equal(stories.decode([1, ...new_tokens, 2], { skipSpecialTokens: true }), text);
});

test('the facts of both tokenizers', () => {
  assert.equal(stories.vocabSize, 512);
  assert.deepEqual([...stories.specialIds], [0, 1, 2]);
  assert.equal(stories.bosToken, '<s>');
  assert.equal(base.vocabSize, 2791);
  assert.equal(base.idOf('<|im_end|>'), 2);
  assert.equal(base.tokenOf(2), '<|im_end|>');
  assert.equal(base.idOf('no such token'), undefined);
  assert.equal(base.bosToken, undefined);
  assert.equal(base.eosToken, '<|im_end|>');
});

test('the base encodes digits one by one and gives every text back', () => {
  assert.equal(base.encode('1234').length, 4);
  for (const text of ['x² + 5x + 6 = 0', '  two  spaces\n\ttab', '漢字 🦊 é', "don't . stop", '']) {
    assert.equal(base.decode(base.encode(text)), text);
  }
});

test('ids without a token decode to nothing', () => {
  assert.equal(base.decode([999999]), '');
  assert.equal(base.decode([...base.encode('hello'), 4000]), 'hello');
});

test('the clean-up of spaces is off unless the configuration asks for it', () => {
  const json = JSON.parse(readFileSync('media/base/tokenizer.json', 'utf8'));
  const ids = base.encode("I do n't know .");
  assert.equal(createTokenizer(json, {}).decode(ids), "I do n't know .");
  const cleaning = createTokenizer(json, { clean_up_tokenization_spaces: true });
  assert.equal(cleaning.decode(ids), "I don't know.");
  assert.equal(cleaning.decode(ids, { cleanUp: false }), "I do n't know .");
});

test('files that cannot be used are refused', () => {
  const json = JSON.parse(readFileSync('media/base/tokenizer.json', 'utf8'));
  const check = (tokenizerJson: unknown, code: string, message: RegExp) =>
    assert.throws(
      () => createTokenizer(tokenizerJson, {}),
      (error: WorkbenchError) => error instanceof WorkbenchError && error.code === code && message.test(error.message),
    );
  check([], 'badFile', /tokenizer.json must hold a JSON object/);
  check({}, 'badFile', /cannot be used/);
  check({ ...json, decoder: { type: 'WordPiece', prefix: '##' } }, 'unsupported', /decoder 'WordPiece'/);
  check({ ...json, decoder: { type: 'Strip', content: ' ', start: 0, stop: 1 } }, 'unsupported', /strips the end/);
  check({ ...json, normalizer: { type: 'Nonsense' } }, 'unsupported', /Nonsense/);
});
