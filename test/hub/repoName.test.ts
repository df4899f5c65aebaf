import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseRepoName, repoFolderName, repoOfFolder } from '../../src/hub/repoName.ts';

test('owner/name, with a revision or without', () => {
  assert.deepEqual(parseRepoName('Qwen/Qwen2.5-0.5B-Instruct'), {
    repo: 'Qwen/Qwen2.5-0.5B-Instruct',
    revision: 'main',
  });
  assert.deepEqual(parseRepoName('a/b@refs/pr/1'), { repo: 'a/b', revision: 'refs/pr/1' });
  assert.equal(parseRepoName('a/b@v1.0')?.revision, 'v1.0');
});

test('paths and names that lead elsewhere are no models', () => {
  const wrong = [
    'embedded',
    './a',
    '../a',
    '/a/b',
    'a/b/c',
    'a\\b',
    'C:/x',
    'a/..',
    'a/b--c',
    '.a/b',
    'a/b.',
    'a/b@../x',
    'a/b@.',
    '',
  ];
  assert.deepEqual(
    wrong.filter(text => parseRepoName(text)),
    [],
  );
});

test('folder names of the cache, there and back', () => {
  assert.equal(repoFolderName('Qwen/Qwen3-0.6B'), 'models--Qwen--Qwen3-0.6B');
  assert.equal(repoOfFolder('models--Qwen--Qwen3-0.6B'), 'Qwen/Qwen3-0.6B');
  assert.equal(repoOfFolder('datasets--a--b'), undefined);
  assert.equal(repoOfFolder('models--gpt2'), undefined);
});
