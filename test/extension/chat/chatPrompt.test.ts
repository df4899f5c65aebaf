import assert from 'node:assert/strict';
import test from 'node:test';
import { chatPrompt, followupsFor } from '../../../src/extension/chat/chatPrompt.ts';
import type { ChatCommand } from '../../../src/extension/contributions/chat.ts';
import { described } from '../ask/described.ts';

const offer = {
  source: {},
  described: { ...described, blends: [{ name: 'review', weights: { js: 1 }, isTrained: true }, ...described.blends] },
};
const read = (command: ChatCommand | undefined, prompt: string, hasContext = false) =>
  chatPrompt(command, prompt, offer, 'JavaScript', hasContext);
const instead = (result: ReturnType<typeof read>) => ('instead' in result ? result.instead : undefined);

test('without a command the question goes as it is', () => {
  assert.deepEqual(read(undefined, ' 2 + 2? '), { question: '2 + 2?' });
  assert.match(instead(read(undefined, ' '))!, /Ask something/);
});

test('a domain: its expert, where it is trained', () => {
  assert.deepEqual(read('code', 'double'), { target: { kind: 'expert', name: 'js' }, question: 'double' });
  assert.equal(instead(read('qa', 'where?')), 'No expert for qa is trained in this recipe.');
  assert.match(instead(read('math', ''))!, /What do you want to ask `math`/);
});

test('an expert of any name: by /expert, or by a slash and its name', () => {
  const js = { target: { kind: 'expert', name: 'js' }, question: 'double\n3' };
  assert.deepEqual(read('expert', 'js double\n3'), js);
  assert.deepEqual(read(undefined, '/js double\n3'), js);
  assert.match(instead(read('expert', ''))!, /^Trained are `math` and `js`\. Write `\/expert NAME question`\.$/);
  assert.match(instead(read('expert', 'qa where?'))!, /^There is no trained expert `qa`/);
  assert.match(instead(read(undefined, '/js'))!, /^What do you want to ask `js`/);
  assert.deepEqual(read(undefined, '/tmp is full'), { question: '/tmp is full' }, 'no expert is called so');
});

test('a blend: named, or weights; else what there is', () => {
  const blend = { kind: 'blend', name: 'review' };
  assert.deepEqual(read('blend', 'review is it right?'), { target: blend, question: 'is it right?' });
  const weights = { kind: 'weights', weights: { math: 0.5, js: 0.5 } };
  assert.deepEqual(read('blend', 'math=0.5,js=0.5 double\n3'), { target: weights, question: 'double\n3' });
  assert.deepEqual(read('blend', 'math=0.5, js=0.5 double'), { target: weights, question: 'double' });
  assert.match(instead(read('blend', ''))!, /has the blends `review`\. .*`\/blend math=0\.5,js=0\.5 prompt`/);
  assert.match(instead(read('blend', 'nobody hi'))!, /^There is no blend `nobody`/);
  assert.match(instead(read('blend', 'review'))!, /^What do you want to ask/);
});

test('code: explained by whom its data say so, reviewed with checks', () => {
  assert.match(instead(read('explain', ''))!, /Select the code to explain/);
  assert.deepEqual(read('explain', 'Be short.', true), {
    instead: 'No expert here was trained to explain code, and the demonstration base cannot.',
    isMissing: true,
  });
  const base = { ...described.base, followsInstructions: true };
  const able = { source: {}, described: { ...described, base } };
  assert.deepEqual(chatPrompt('explain', 'Be short.', able, 'JavaScript', true), {
    target: { kind: 'base' },
    question: 'Explain what this JavaScript code does. Be short.',
  });
  assert.deepEqual(read('review', '', true), { reviews: true });
});

test('follow-ups: the experts that did not answer', () => {
  assert.deepEqual(followupsFor('2 + 2?', { math: 1 }, described), [
    { prompt: 'js 2 + 2?', command: 'expert', label: 'Ask js instead' },
  ]);
});
