import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createChatTemplate } from '../../../src/nn/tokenizer/chatTemplate.ts';
import { stopTokenIds } from '../../../src/nn/tokenizer/stopTokenIds.ts';
import { loadTokenizer } from './loadTokenizer.ts';

const base = loadTokenizer('media/base');

test('stop ids come from the generation config, the tokenizer config and the chat template', () => {
  assert.deepEqual(stopTokenIds({ eos_token_id: [2, 0] }, { eos_token: '<|im_end|>' }, base), [2, 0]);
  assert.deepEqual(stopTokenIds({ eos_token_id: 0 }, { eos_token: { content: '<|im_end|>' } }, base), [0, 2]);
  assert.deepEqual(stopTokenIds({}, { eos_token: null }, base), []);
  assert.deepEqual(stopTokenIds({ eos_token_id: null }, { eos_token: 'not in the vocabulary' }, base), []);
});

test('the token that ends a turn is found although no file names it', () => {
  const chatml = createChatTemplate("{% for m in messages %}{{ m['content'] + '<|im_end|>\n' }}{% endfor %}");
  assert.deepEqual(stopTokenIds({ eos_token_id: 0 }, {}, base, chatml), [0, 2]);
});
