import assert from 'node:assert/strict';
import { test } from 'node:test';
import { testEngine } from '../../support/programs.ts';

const settings = { maxTokens: 12 };
const prompts = ['What is 3 + 4?', 'Write a function that doubles a number.', 'Emma is in the park. Where is Emma?'];

test('several prompts at once are answered as each is alone', async t => {
  const engine = testEngine(t);
  const { answers } = await engine.request('askAll', { prompts, settings });
  for (const [i, prompt] of prompts.entries()) {
    const { text, finish } = await engine.request('ask', { prompt, settings });
    assert.deepEqual(answers[i], { text, finish });
  }
  assert.deepEqual(await engine.request('askAll', { prompts: [], settings }), { answers: [] });
});

test('a cancelled batch ends with what there is', async t => {
  const engine = testEngine(t);
  const abort = new AbortController();
  const asked = engine.request(
    'askAll',
    { prompts, settings: { maxTokens: 200, temperature: 8 } },
    { signal: abort.signal },
  );
  // The request behind it is answered by the time that the first one decodes.
  await engine.request('countTokens', { texts: ['x'] });
  abort.abort();
  const outcome = await asked.catch(error => error.name);
  if (outcome === 'AbortError') return;
  assert.ok(outcome.answers.every((answer: { finish: string }) => answer.finish === 'cancelled'));
});
