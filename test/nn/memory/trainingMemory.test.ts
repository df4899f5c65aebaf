import assert from 'node:assert/strict';
import { test } from 'node:test';
import { plannedCopies, plannedTensors } from '../../../src/nn/memory/plannedTensors.ts';
import { totalBytes, trainingMemory } from '../../../src/nn/memory/trainingMemory.ts';
import { parseBaseConfig } from '../../../src/nn/model/config.ts';
import { linearLayers } from '../../../src/nn/model/layout.ts';
import { quantizedConfig } from '../../../src/nn/model/quantizedTensors.ts';

/** Qwen2.5-1.5B, from its config.json. */
const qwen = parseBaseConfig({
  architectures: ['Qwen2ForCausalLM'],
  hidden_size: 1536,
  num_hidden_layers: 28,
  num_attention_heads: 12,
  num_key_value_heads: 2,
  intermediate_size: 8960,
  vocab_size: 151936,
  max_position_embeddings: 32768,
  rms_norm_eps: 1e-6,
  rope_theta: 1e6,
  tie_word_embeddings: true,
});
const targets = linearLayers(qwen).map(l => l.path);

function plan(recompute: boolean) {
  const experts = ['math', 'code', 'qa'].map(name => ({ name, rank: 16, targets, dropout: 0 }));
  const config = quantizedConfig(qwen);
  const tensors = plannedCopies(qwen, plannedTensors(qwen, 'BF16'), 'int4');
  // A quarter of the tokens are answers.
  const step = [{ B: 4, T: 512, M: 512, tokens: 2048 }];
  const shapes = { step, accumulate: [], evaluate: [], steps: 1 };
  return trainingMemory({ config, tensors, experts, accumulates: false, inTurn: true, recompute }, shapes);
}

test('Qwen2.5-1.5B in 4 bits, three experts of rank 16, 4 rows of 512 tokens: below 8 GB with activations computed again', () => {
  const memory = plan(true);
  assert.ok(totalBytes(memory) + 125e6 < 8e9, `${totalBytes(memory)} bytes`);
  // The embedding stays in its file; products in 4 bits with a scale of 4 bytes for 32, their codes once for each direction.
  const products = 151936 * 1536 + 28 * (2 * 1536 * 1536 + 2 * 1536 * 256 + 3 * 1536 * 8960);
  const weights = products * (2 / 2 + 4 / 32);
  assert.ok(Math.abs(memory.weights / weights - 1) < 0.03, `${memory.weights} against ${weights} bytes`);
  // 18.5 million parameters each: parameters, two moments and three tensors to write into; two copies of what one expert
  // has written. Without validation there is no best.
  const factors = 4 * 28 * 16 * (4 * 1536 + 2 * (1536 + 256) + 3 * (1536 + 8960));
  assert.equal(memory.factors + memory.optimiser, (3 * 6 + 2) * factors);
});

test('without computing them again, the same training takes more than twice as much', () => {
  const [kept, again] = [plan(false), plan(true)];
  assert.ok(totalBytes(kept) > 2 * totalBytes(again));
  assert.equal(kept.weights, again.weights);
});
