import assert from 'node:assert/strict';
import { test } from 'node:test';
import { targetLayers, unusedPatterns } from '../../../src/nn/lora/targetLayers.ts';
import { parseBaseConfig } from '../../../src/nn/model/config.ts';
import { goldenJson } from '../../support/goldenFiles.ts';

const configOf = (name: string) => parseBaseConfig(goldenJson(`models/${name}/config.json`), name);

test("names, expressions, blocks and patterns are of the base's own layers", () => {
  const [neox, phi] = [configOf('gptneox_untied'), configOf('phi3_longrope_partial')];
  const paths = (...of: Parameters<typeof targetLayers>) => targetLayers(...of).layers.map(l => l.path);
  assert.deepEqual(paths(neox, { targets: '.*\\.(query_key_value|dense_h_to_4h)', layers: [1] }), [
    'gpt_neox.layers.1.attention.query_key_value',
    'gpt_neox.layers.1.mlp.dense_h_to_4h',
  ]);
  assert.deepEqual(paths(phi, { targets: ['gate_up_proj'], layers: [0] }), ['model.layers.0.mlp.gate_up_proj']);
  assert.deepEqual(targetLayers(neox, { targets: ['q_proj', 'dense'] }).unknown, ['q_proj']);
  assert.deepEqual(targetLayers(phi, { targets: ['q_proj', 'qkv_proj'] }).unknown, ['q_proj']);
  const { layers } = targetLayers(neox, { targets: 'all-linear' });
  assert.equal(layers.length, 4 * neox.layers);
  assert.deepEqual(unusedPatterns({ dense: 4, 'layers\\.0\\..*query_key_value': 2, q_proj: 8 }, layers), ['q_proj']);
});
