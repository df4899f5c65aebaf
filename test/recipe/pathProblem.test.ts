import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseRecipe, readRecipe } from '../../src/recipe/parse.ts';
import { pathProblem } from '../../src/recipe/pathProblem.ts';

test('shares of other computers and devices are refused, however they are written', () => {
  for (const path of ['\\\\host\\share\\a', '//host/share/a', '\\/host/share', '/\\host\\share'])
    assert.match(pathProblem(path) ?? '', /shares of other computers/, path);
  for (const path of [
    '\\\\.\\pipe\\x',
    '\\\\?\\UNC\\host\\share',
    '//?/C:/a',
    '\\??\\UNC\\host',
    '/dev/zero',
    '/tmp/../dev/zero',
    '/./proc/self/mem',
    '/sys',
  ])
    assert.match(pathProblem(path) ?? '', /devices/, path);
  for (const path of ['a\0b', 'a\nb']) assert.match(pathProblem(path) ?? '', /control characters/);
  assert.match(pathProblem('a/'.repeat(501)) ?? '', /at most 1000/);
});

test('folders and files, absolute ones and those above too, are not', () => {
  for (const path of [
    'data/train.jsonl',
    '../data',
    '/home/me/data',
    'C:\\data',
    'C:/data',
    './dev/a',
    '/devices/a',
    'a//b',
    'ollama:hf.co/owner/model:Q4_K_M',
  ])
    assert.equal(pathProblem(path), undefined, path);
});

test('what a recipe may not name is left out of what is read of it, so that nothing looks for it', () => {
  const share = '//host/share/x';
  const text = JSON.stringify({
    base: share,
    output: share,
    experts: { a: { data: { train: share, validation: share } }, b: { adapter: share } },
    merges: { m: { weights: { a: 1 }, out: share } },
    evaluation: { sets: { s: { data: share, expert: 'a' } } },
  });
  assert.deepEqual(
    parseRecipe(text).problems.map(p => p.where),
    [
      'base',
      'output',
      'experts.a.data.train',
      'experts.a.data.validation',
      'experts.b.adapter',
      'merges.m.out',
      'evaluation.sets.s.data',
    ],
  );
  assert.doesNotMatch(JSON.stringify(readRecipe(text).parts), /host/);
});
