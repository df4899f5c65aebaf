import assert from 'node:assert/strict';
import { test } from 'node:test';
import { knownModels, memoryNeeded, modelsThatFit } from '../../src/hub/knownModels.ts';
import { parseRepoName } from '../../src/hub/repoName.ts';
import { parseBaseConfig } from '../../src/nn/model/config.ts';
import { baseTensors } from '../../src/nn/model/layout.ts';

/** From each model's config.json on the hub. */
const configs: Record<
  string,
  [architecture: string, dim: number, layers: number, heads: number, kv: number, mlp: number, vocab: number]
> = {
  'HuggingFaceTB/SmolLM2-135M-Instruct': ['LlamaForCausalLM', 576, 30, 9, 3, 1536, 49152],
  'HuggingFaceTB/SmolLM2-360M-Instruct': ['LlamaForCausalLM', 960, 32, 15, 5, 2560, 49152],
  'Qwen/Qwen2.5-0.5B-Instruct': ['Qwen2ForCausalLM', 896, 24, 14, 2, 4864, 151936],
  'Qwen/Qwen3-0.6B': ['Qwen3ForCausalLM', 1024, 28, 16, 8, 3072, 151936],
  'Qwen/Qwen2.5-1.5B-Instruct': ['Qwen2ForCausalLM', 1536, 28, 12, 2, 8960, 151936],
};

for (const { repo, parameters } of knownModels)
  test(`${repo} has ${parameters} parameters, by its configuration`, () => {
    const [
      architecture,
      hidden_size,
      num_hidden_layers,
      num_attention_heads,
      num_key_value_heads,
      intermediate_size,
      vocab_size,
    ] = configs[repo]!;
    const config = parseBaseConfig({
      architectures: [architecture],
      hidden_size,
      num_hidden_layers,
      num_attention_heads,
      num_key_value_heads,
      intermediate_size,
      vocab_size,
      tie_word_embeddings: true,
    });
    const sizes = [...baseTensors(config).values()].map(shape => shape.reduce((a, b) => a * b, 1));
    assert.equal(
      sizes.reduce((a, b) => a + b, 0),
      parameters,
    );
    assert.equal(parseRepoName(repo)?.repo, repo);
  });

test('which models fit: none into nothing, all into 16 GB, and each into what it needs', () => {
  assert.deepEqual(modelsThatFit(100e6), []);
  assert.deepEqual(modelsThatFit(16e9), knownModels);
  for (const [i, { parameters }] of knownModels.entries())
    assert.equal(modelsThatFit(memoryNeeded(parameters)).length, i + 1);
});
