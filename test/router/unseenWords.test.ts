import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lowerWords, unseenWords } from '../../src/router/unseenWords.ts';

const seen = lowerWords(['Emma is in the park. Where is Emma?', 'What is the meaning of the word court?']);

test('words that an expert’s data have not, where they are many', () => {
  assert.deepEqual(unseenWords('Capital of France?', seen), ['Capital', 'France']);
  assert.deepEqual(unseenWords('What is the capital of France?', seen), ['capital', 'France']);
});

test('one word among many, and what the prompt itself brings twice, are no reason', () => {
  assert.equal(unseenWords('Zoe is in the kitchen. Where is Zoe?', seen), undefined);
  assert.equal(unseenWords('Emma is in the park. Where is Emma?', seen), undefined);
  assert.equal(unseenWords('3 + 4?', seen), undefined);
});
