import assert from 'node:assert/strict';
import { test } from 'node:test';
import { takesTurns } from '../../../src/nn/train/sessionGraph.ts';

const expert = { rank: 8, targets: ['model.layers.0.self_attn.q_proj'] };

test('experts of equal shapes take turns on the CPU', () => {
  assert.ok(takesTurns([expert], 'cpu'));
  assert.ok(takesTurns([expert, { ...expert }], 'cpu'));
});

test('experts of other ranks or targets share runs, and so do all on a GPU', () => {
  assert.ok(!takesTurns([expert, { ...expert, rank: 4 }], 'cpu'));
  assert.ok(!takesTurns([expert, { ...expert, targets: ['model.layers.0.self_attn.k_proj'] }], 'cpu'));
  for (const other of [{ dora: { scaling: 2 } }, { loraPlusRatio: 4 }, { ranks: { [expert.targets[0]!]: 1 } }])
    assert.ok(!takesTurns([expert, { ...expert, ...other }], 'cpu'), JSON.stringify(other));
  assert.ok(!takesTurns([expert, { ...expert }], 'webgpu'));
});
