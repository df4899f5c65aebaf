import assert from 'node:assert/strict';
import { test } from 'node:test';
import { infillBody, infillForm, infillRequest } from '../../../src/server/llama/infill.ts';
import { auto } from '../../../src/text/target.ts';

const body = {
  input_prefix: 'function add(a, b) {\n',
  prompt: '  return ',
  input_suffix: '\n}',
  input_extra: [{ filename: 'sum.ts', text: 'add(1, 2)' }],
  n_predict: 16,
  samplers: ['top_k'],
  cache_prompt: true,
};
const result = {
  answers: [{ text: 'a + b;', toolCalls: [], finish: 'stop' as const, answerTokens: 5 }],
  weights: {},
  promptTokens: 30,
  cachedTokens: 20,
  timings: { waitMs: 1, prefillMs: 10, decodeMs: 50 },
};

test('what llama.vscode sends is a gap with the line so far before it', () => {
  const { input, settings, target } = infillRequest(infillBody.parse(body), { model: 'auto', target: auto }, 256);
  assert.deepEqual(input, {
    kind: 'fill',
    prefix: 'function add(a, b) {\n  return ',
    suffix: '\n}',
    files: [{ path: 'sum.ts', text: 'add(1, 2)' }],
  });
  assert.deepEqual([settings!.maxTokens, target], [16, auto]);
});

test('the answer is llama-server’s, whole or in pieces; a prompt that is only read ahead has none', () => {
  const form = infillForm('auto', infillBody.parse(body));
  const whole = form.whole([result]) as Record<string, unknown>;
  assert.deepEqual([whole.content, whole.stop, whole.tokens_cached], ['a + b;', true, 20]);
  assert.deepEqual(whole.timings, {
    prompt_n: 10,
    prompt_ms: 10,
    prompt_per_second: 1000,
    predicted_n: 5,
    predicted_ms: 50,
    predicted_per_second: 100,
  });
  const pieces = [...form.piece({ kind: 'text', answer: 0, text: 'a + b;' }, 0), ...form.end(result, 0)];
  assert.deepEqual(
    (pieces as { content: string; stop: boolean }[]).map(({ content, stop }) => [content, stop]),
    [
      ['a + b;', false],
      ['', true],
    ],
  );
  const ahead = infillBody.parse({ ...body, n_predict: 0 });
  assert.equal(infillRequest(ahead, { model: 'auto', target: auto }, 256).settings!.maxTokens, 1);
  assert.equal((infillForm('auto', ahead).whole([result]) as { content: string }).content, '');
});
