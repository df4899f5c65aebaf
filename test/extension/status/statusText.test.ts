import assert from 'node:assert/strict';
import test from 'node:test';
import {
  type AnsweringState,
  spokenStatus,
  statusLines,
  statusText,
} from '../../../src/extension/status/statusText.ts';

const idle: AnsweringState = { choice: { kind: 'auto' }, loaded: { adapters: [], bytes: 0 }, device: 'auto' };
const loaded = {
  base: { folder: '/base', quantization: 'none', device: 'webgpu' },
  adapters: [
    { name: 'math', folder: '/m' },
    { name: 'qa', folder: '/q' },
  ],
  bytes: 1_500_000,
} as const;
const busy: AnsweringState = {
  ...idle,
  loaded: { ...loaded, adapters: [...loaded.adapters] },
  lastRoute: { math: 0.72, qa: 0.28 },
  recipe: 'Recipe: three',
};

test('who answers, what is loaded and what is computed on, as far as it is known', () => {
  assert.equal(statusText(idle), 'Auto');
  assert.deepEqual(statusLines(idle), [
    'The router finds the expert for each prompt.',
    'Nothing is loaded: the first question loads what it needs.',
    'Device: auto, as set',
  ]);
  assert.equal(statusText(busy), 'Auto → math 0.72 · qa 0.28 · 2 loaded · WEBGPU');
  assert.deepEqual(statusLines(busy).slice(1), [
    'Last question: math 0.72 · qa 0.28',
    'Recipe: three',
    'Loaded: math and qa, 1.5 MB of factors beside the base',
    'Device: WEBGPU',
  ]);
  assert.equal(
    spokenStatus(busy),
    'Multi-LoRA: Auto, routed to math 0.72 · qa 0.28, 2 adapters loaded on webgpu. Switch or blend experts.',
  );
});

test('a choice of the user stands for itself, whatever the router said last', () => {
  const blend: AnsweringState = { ...busy, choice: { kind: 'blend', name: 'half' }, weights: { math: 0.5, qa: 0.5 } };
  assert.equal(statusText(blend), 'half · 2 loaded · WEBGPU');
  assert.deepEqual(statusLines(blend).slice(0, 2), ['math 0.50 · qa 0.50', 'Recipe: three']);
});
