import assert from 'node:assert/strict';
import test from 'node:test';
import { nextSteps } from '../../../src/extension/chat/nextSteps.ts';
import { described } from '../ask/described.ts';

const offer = { source: { recipe: '/w/three.lora.json' }, described };

test('what is missing is said below every answer, with its commands', () => {
  const none = { ...offer, nothingTrained: 'None is trained.', remedies: ['multiLora.train' as const] };
  for (const isFirst of [true, false])
    assert.deepEqual(nextSteps(none, isFirst), {
      text: 'The base answered alone. None is trained.',
      commands: ['multiLora.train'],
    });
});

test('the example experts lead to one’s own, once; trained experts of the workspace answer without a word', () => {
  const example = { ...offer, isExample: true };
  const { text, commands } = nextSteps(example, true);
  assert.match(text, /^These are the example experts/);
  assert.deepEqual(commands, ['multiLora.newRecipe', 'multiLora.openExamples', 'multiLora.getBase']);
  const nothing = { text: '', commands: [] };
  assert.deepEqual([nextSteps(example, false), nextSteps(offer, true)], [nothing, nothing]);
});
