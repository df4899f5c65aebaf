import assert from 'node:assert/strict';
import { test } from 'node:test';
import { routeConversation } from '../../src/router/conversation.ts';
import { routerFrom } from '../../src/router/learned.ts';
import { trainRouter } from '../../src/router/trainRouter.ts';
import { examplePrompts, prior } from './fixtures.ts';

const router = routerFrom(trainRouter({ prior, experts: examplePrompts('train'), seed: 1 }));
const math = 'What is 12% of 50?';
const code = 'Write a JavaScript function double(n) that doubles a number.';
const qa = 'Emma is in the park. Ben is at the school.\nWhere is Emma?';
const expert = (...prompts: string[]) => routeConversation(router, prompts).route.expert;

test('a follow-up goes where the question before it went', () => {
  for (const [before, wanted] of [
    [math, 'math'],
    [code, 'code'],
    [qa, 'qa'],
  ] as const)
    for (const followUp of ['And what about 15?', 'Why?', 'Can you explain that?', 'Is that right?', 'thanks']) {
      assert.equal(expert(before, followUp), wanted, followUp);
      assert.equal(expert(qa, math, code, before, 'Why?', followUp), wanted, followUp);
    }
  assert.equal(routeConversation(router, [math, 'Why?']).prompt, math);
});

test('a change of subject is followed at once, also to nobody or to several', () => {
  assert.equal(expert(math, code), 'code');
  assert.equal(expert(code, 'Why?', qa), 'qa');
  assert.equal(expert(math, 'And Ben?'), 'qa');
  const other = 'Tell me something about the weather in the mountains of northern Italy in October.';
  assert.deepEqual(routeConversation(router, [math, other]).route, router(other));
  const mixed = 'Write a function that solves equations and explain the math of it';
  assert.deepEqual(routeConversation(router, [qa, mixed]).route, router(mixed));
});

test('a prompt alone is routed as ever', () => {
  for (const prompt of [math, 'Why?', ''])
    assert.deepEqual(routeConversation(router, [prompt]), { route: router(prompt), prompt });
});
