import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EngineProgress } from '../../../src/protocol/engine/engineApi.ts';
import { testEngine } from '../../support/programs.ts';

const target = { kind: 'auto' } as const;
const settings = { maxTokens: 12 };
const prompts = ['What is 3 + 4?', 'Write a function that doubles a number.', 'Emma is in the park. Where is Emma?'];

test('several prompts at once are answered as each is alone', async t => {
  const engine = testEngine(t);
  const { answers } = await engine.request('askAll', { target, prompts, settings });
  for (const [i, prompt] of prompts.entries()) {
    const { text, finish } = await engine.request('ask', { target, prompt, settings });
    assert.deepEqual(answers[i], { text, finish });
  }
  assert.deepEqual(await engine.request('askAll', { target, prompts: [], settings }), { answers: [] });
});

test('a cancelled batch ends with what there is', async t => {
  const engine = testEngine(t);
  const abort = new AbortController();
  const asked = engine.request(
    'askAll',
    { target, prompts, settings: { maxTokens: 200, temperature: 8 } },
    { signal: abort.signal },
  );
  // The request behind it is answered by the time that the first one decodes.
  await engine.request('countTokens', { texts: ['x'] });
  abort.abort();
  const outcome = await asked.catch(error => error.name);
  if (outcome === 'AbortError') return;
  assert.ok(outcome.answers.every((answer: { finish: string }) => answer.finish === 'cancelled'));
});

test('what goes with a prompt is cut to the window and told before the answer; a question that is too long is refused', async t => {
  const engine = testEngine(t);
  const { base } = await engine.request('describe', {});
  const told: EngineProgress<'ask'>[] = [];
  const lines = Array.from({ length: 4000 }, (_, i) => `const value${i} = ${i};`).join('\n');
  const question = { target: { kind: 'base' }, prompt: 'What is value1?', settings } as const;
  const { promptTokens } = await engine.request(
    'ask',
    { ...question, context: [{ label: 'values.ts', text: lines }] },
    { onProgress: progress => told.push(progress) },
  );
  const [first] = told;
  assert.ok(first?.kind === 'fitted', first?.kind);
  assert.match(first.leftOut.join(' '), /^Of values\.ts the first \d+ of 4000 lines were read\.$/);
  assert.match(first.prompt, /^const value0 = 0;\n[\s\S]*\nWhat is value1\?$/);
  // The window holds the prompt beside the answer, and little of it is wasted.
  const room = base.contextLength - settings.maxTokens;
  assert.ok(promptTokens <= room && promptTokens > 0.8 * room, `${promptTokens} of ${room}`);
  await assert.rejects(engine.request('ask', { ...question, prompt: lines, context: [] }), {
    code: 'badRequest',
    message: /^The question has \d+ tokens; the base's window of \d+ holds \d+ beside the answer\.$/,
  });
});
