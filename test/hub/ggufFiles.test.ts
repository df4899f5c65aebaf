import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ggufNameText, ggufParts, ggufsOfTag, ggufTag, parseGgufName } from '../../src/hub/ggufFiles.ts';

test('names of models in GGUF, as llama.cpp writes them', () => {
  for (const [text, expected] of [
    ['owner/name-GGUF:Q4_K_M', { repo: 'owner/name-GGUF', revision: 'main', tag: 'Q4_K_M' }],
    ['owner/name:UD-Q4_K_XL@v1', { repo: 'owner/name', revision: 'v1', tag: 'UD-Q4_K_XL' }],
    ['owner/name', undefined],
    ['owner/name@v1:Q4', undefined],
    ['owner/name:', undefined],
    ['owner/name:a/b', undefined],
    ['owner/name:..', undefined],
    ['ollama:llama3.2:1b', undefined],
    ['C:/models/a.gguf', undefined],
    ['C:\\models\\a.gguf', undefined],
  ] as const) {
    assert.deepEqual(parseGgufName(text), expected, text);
    if (expected) assert.equal(ggufNameText(expected), text);
  }
});

const bartowski = ['X-7B-Q4_K_M.gguf', 'X-7B-Q4_K_S.gguf', 'X-7B-f16.gguf', 'X-7B-IQ4_XS.gguf', 'mmproj-X-7B-f16.gguf'];
const unsloth = [
  'BF16/X-BF16-00001-of-00002.gguf',
  'BF16/X-BF16-00002-of-00002.gguf',
  'X-Q2_K.gguf',
  'X-UD-Q2_K_XL.gguf',
  'X-Q8_0.gguf',
  'README.md',
];

test('a tag means the model whose name ends with it, in upper or lower case, and of several files the first', () => {
  assert.deepEqual(ggufsOfTag(bartowski, 'q4_k_m'), ['X-7B-Q4_K_M.gguf']);
  assert.deepEqual(ggufsOfTag(bartowski, 'F16'), ['X-7B-f16.gguf']);
  assert.deepEqual(ggufsOfTag(bartowski, 'Q4'), []);
  assert.deepEqual(ggufsOfTag(bartowski, 'K_M'), ['X-7B-Q4_K_M.gguf']);
  assert.deepEqual(ggufsOfTag(unsloth, 'BF16'), ['BF16/X-BF16-00001-of-00002.gguf']);
  assert.deepEqual(ggufsOfTag(unsloth, 'Q2_K_XL'), ['X-UD-Q2_K_XL.gguf']);
  assert.deepEqual(ggufsOfTag(['a-Q4_0.gguf', 'b.Q4_0.gguf'], 'Q4_0'), ['a-Q4_0.gguf', 'b.Q4_0.gguf']);
  assert.deepEqual(ggufsOfTag(['Q4_0.gguf'], 'Q4_0'), []);
});

test('the tag of a file means it and no other', () => {
  const tags = (paths: string[]) => paths.map(path => ggufTag(paths, path));
  assert.deepEqual(tags(bartowski), ['Q4_K_M', 'Q4_K_S', 'f16', 'IQ4_XS', undefined]);
  assert.deepEqual(tags(unsloth), ['BF16', undefined, 'Q2_K', 'UD-Q2_K_XL', 'Q8_0', undefined]);
  assert.deepEqual(tags(['a-Q4_0.gguf', 'b.Q4_0.gguf', 'gemma-it.gguf']), [undefined, undefined, undefined]);
});

test('the files that belong to one', () => {
  assert.deepEqual(ggufParts('a/x-00002-of-00003.gguf'), [
    'a/x-00001-of-00003.gguf',
    'a/x-00002-of-00003.gguf',
    'a/x-00003-of-00003.gguf',
  ]);
  for (const path of ['a/x.gguf', 'a/x-00001-of-00001.gguf', 'a/x-00001-of-99999.gguf', '-00001-of-00002.gguf'])
    assert.deepEqual(ggufParts(path), [path]);
});
