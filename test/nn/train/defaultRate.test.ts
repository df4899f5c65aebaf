import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defaultLearningRate } from '../../../src/nn/train/defaultRate.ts';

test('the published rule, by family and width, in two digits', () => {
  for (const [model, architecture, dim, rate] of [
    ['SmolLM2-135M', 'llama', 576, 1.3e-3],
    ['Llama-3.2-1B', 'llama', 2048, 4.9e-4],
    ['Llama-3.1-8B', 'llama', 4096, 2.9e-4],
    ['Qwen2.5-0.5B', 'qwen2', 896, 5.3e-4],
    ['Qwen3-8B', 'qwen3', 4096, 4.7e-4],
    ['the embedded base', 'llama', 256, 2.5e-3],
    ['Gemma 3 270M, as Llama', 'gemma3_text', 640, 1.2e-3],
  ] as const)
    assert.equal(defaultLearningRate({ architecture, dim }), rate, model);
});
