import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseBaseConfig } from '../../../src/nn/model/config.ts';
import { firstPosition, ropeFrequencies, rotaryTables } from '../../../src/nn/model/rope.ts';
import { assertClose } from '../../support/assertClose.ts';
import { goldenJson } from '../../support/goldenFiles.ts';

const { cases } = goldenJson('rope/cases.json');

/** A base with these rotary embeddings: Phi-3's, because its class may rotate a part of a head. */
const baseOf = (gold: { rope_parameters: object; head_dim: number; max_position_embeddings: number }) =>
  parseBaseConfig({
    ...goldenJson('models/llama_tied/config.json'),
    ...gold,
    architectures: ['Phi3ForCausalLM'],
  });

for (const [i, gold] of cases.entries()) {
  const { rope_type: type } = gold.rope_parameters;
  const length = gold.seq_len ?? gold.max_position_embeddings;
  // Beyond the original length nothing is offered.
  if (type === 'dynamic' && length > gold.max_position_embeddings) continue;
  test(`${i}, ${gold.name}: the frequencies and the attention factor are the reference's`, () => {
    const { ropes, maxLength } = baseOf(gold);
    const [rope] = ropes;
    // Without a length the reference gives those of short texts.
    const found = ropeFrequencies(rope!, gold.seq_len ?? 1);
    assertClose(
      found.map((f, j) => f / gold.inv_freq[j]),
      gold.inv_freq.map(() => 1),
      2e-6,
    );
    const first = firstPosition({ ropes, maxLength }, 1) * found.length;
    const { cos } = rotaryTables({ ropes, maxLength: Math.min(maxLength, 64) }, rope!);
    assertClose(cos.subarray(first, first + 1), [gold.attention_scaling], 2e-6, 'of position 0');
  });
}

const plain = { theta: 1e4, dim: 4, scaling: { type: 'none' } } as const;

test('angles are position · theta^(−i/half)', () => {
  const { cos, sin } = rotaryTables({ ropes: [plain], maxLength: 3 }, plain);
  assertClose(cos, [1, 1, Math.cos(1), Math.cos(0.01), Math.cos(2), Math.cos(0.02)], 1e-6);
  assertClose(sin, [0, 0, Math.sin(1), Math.sin(0.01), Math.sin(2), Math.sin(0.02)], 1e-6);
});

test('tables of longrope: rows of short texts, and from the original length on those of long ones', () => {
  const factors = { shortFactors: [1, 2], longFactors: [4, 8] };
  const scaling = { type: 'longrope', ...factors, originalLength: 2, attentionFactor: 1.5 } as const;
  const rope = { ...plain, scaling };
  const base = { ropes: [rope, plain], maxLength: 3 };
  assert.deepEqual(
    [1, 2, 3].map(length => firstPosition(base, length)),
    [0, 0, 2],
  );
  const angles = [0, 0, 1, 0.005, 0, 0, 0.25, 0.00125, 0.5, 0.0025];
  assertClose(
    rotaryTables(base, rope).sin,
    angles.map(a => 1.5 * Math.sin(a)),
    1e-6,
  );
  const others = [0, 0, 1, 0.01, 0, 0, 1, 0.01, 2, 0.02];
  assertClose(rotaryTables(base, plain).sin, others.map(Math.sin), 1e-6, 'another embedding of the same base');
  assert.equal(firstPosition({ ropes: [rope], maxLength: 2 }, 2), 0);
});
