import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { testEngine } from '../../support/programs.ts';

const recipe = fileURLToPath(new URL('../../../examples/experts/experts.lora.json', import.meta.url));

test('on the embedded base the router abstains from what no expert was trained for, and says why', async t => {
  const engine = testEngine(t);
  const prompts = ['What is the capital of France?', 'Who wrote Hamlet?'];
  for (const route of await engine.request('route', { recipe, prompts })) {
    assert.ok(route.abstained);
    assert.deepEqual(route.weights, {});
    assert.ok(route.beyond!.length > 0);
  }
});

test('what they were trained for goes to them, with names that their data have not', async t => {
  const engine = testEngine(t);
  const prompts = [
    'Zoe is in the kitchen. Where is Zoe?',
    'What is 17 + 25?',
    'Write a function that doubles a number.',
  ];
  const routes = await engine.request('route', { recipe, prompts });
  assert.deepEqual(
    routes.map(route => Object.keys(route.weights)[0]),
    ['qa', 'math', 'code'],
  );
});
