import assert from 'node:assert/strict';
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { testEngine } from '../../support/programs.ts';
import { temporaryFolder } from '../../support/temporaryFolder.ts';

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

test('what an expert of one’s own learned from is not beyond it, though the base never saw the words', async t => {
  const engine = testEngine(t);
  const folder = temporaryFolder();
  cpSync('examples/first', folder, { recursive: true });
  const own = join(folder, 'commits.lora.json');
  const text = readFileSync(own, 'utf8');
  writeFileSync(own, text.replace('"steps": 200', '"steps": 1, "batchSize": 1').replace('"batchSize": 8, ', ''));
  const prompt = 'Fix the search by date';
  const [route] = await engine.request('route', { recipe: own, prompts: [prompt] });
  assert.deepEqual([Object.keys(route!.weights), route!.beyond], [['commits'], undefined]);
  await engine.request('train', { recipe: own, resume: false });
  const request = { recipe: own, prompt, target: { kind: 'auto' as const }, settings: { maxTokens: 2 } };
  const { route: answered } = await engine.request('ask', request);
  assert.deepEqual(answered, route);
});
