import assert from 'node:assert/strict';
import { test } from 'node:test';
import { manifestPaths, ollamaBase, ollamaNameOf, parseOllamaBase } from '../../src/hub/ollamaName.ts';

test("a base of Ollama's is named as `ollama list` shows it", () => {
  const cases: [base: string, path: string, short?: string][] = [
    ['ollama:llama3.2:1b', 'registry.ollama.ai/library/llama3.2/1b'],
    ['ollama:llama3.2', 'registry.ollama.ai/library/llama3.2/latest', 'ollama:llama3.2:latest'],
    ['ollama:me/mine:v1', 'registry.ollama.ai/me/mine/v1'],
    ['ollama:hf.co/owner/Model-GGUF:Q4_K_M', 'hf.co/owner/Model-GGUF/Q4_K_M'],
    ['ollama:localhost:5000/me/mine', 'localhost:5000/me/mine/latest', 'ollama:localhost:5000/me/mine:latest'],
    ['ollama:ollama.com/library/qwen3:0.6b', 'registry.ollama.ai/library/qwen3/0.6b', 'ollama:qwen3:0.6b'],
  ];
  for (const [base, path, short = base] of cases) {
    const name = parseOllamaBase(base)!;
    assert.equal(manifestPaths(name)[0]!.join('/'), path);
    assert.equal(ollamaBase(name), short);
    assert.deepEqual(ollamaNameOf(path.split('/')), name);
  }
  assert.deepEqual(manifestPaths(parseOllamaBase('ollama:a')!)[1], ['ollama.com', 'library', 'a', 'latest']);
});

test('what leads elsewhere, or is longer than a name, is none', () => {
  const wrong = [
    '',
    ':',
    '..',
    '../x',
    'a/..',
    '../a/b',
    'a/b/c/d',
    'a:b:c',
    '/a',
    'a/',
    'a b',
    'a\\b',
    'a:..',
    '.a',
    'a\n',
  ];
  for (const name of [...wrong, 'a'.repeat(81), `a:${'b'.repeat(81)}`])
    assert.equal(parseOllamaBase(`ollama:${name}`), undefined, name);
  for (const base of ['llama3.2:1b', 'Ollama:x', './ollama:x', 'owner/name'])
    assert.equal(parseOllamaBase(base), undefined);
  for (const path of [
    ['h', 'n', 'm', '.DS_Store'],
    ['h', 'n', 'm', 't/..'],
  ])
    assert.equal(ollamaNameOf(path), undefined, path.join());
});
