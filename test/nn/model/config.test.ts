import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { checkBaseTensors } from '../../../src/nn/model/baseWeights.ts';
import { type BaseConfig, parseBaseConfig } from '../../../src/nn/model/config.ts';
import { baseTensors, linearLayers, linearPaths } from '../../../src/nn/model/layout.ts';
import type { TensorPlace } from '../../../src/nn/tensor/tensorPlace.ts';
import type { ErrorCode, WorkbenchError } from '../../../src/protocol/errors.ts';
import { goldenJson, goldenPath } from '../../support/goldenFiles.ts';

const llama = goldenJson('models/llama_tied/config.json');

/** Models whose config.json is there in both spellings. */
const spelledTwice = readdirSync(goldenPath('models')).filter(name =>
  existsSync(goldenPath(`models/${name}/config.v4.json`)),
);

const goldenConfigs: Record<string, unknown>[] = readdirSync(goldenPath('models')).map(name =>
  goldenJson(`models/${name}/config.json`),
);

function check(changes: Record<string, unknown>, code: ErrorCode, text: string): void {
  assert.throws(
    () => parseBaseConfig({ ...llama, ...changes }),
    (e: WorkbenchError) => {
      assert.deepEqual([e.code, e.message.includes(text) || e.message], [code, true]);
      return true;
    },
  );
}

test('a llama config gives its sizes', () => {
  assert.deepEqual(parseBaseConfig(llama), {
    architecture: 'llama',
    vocab: 128,
    dim: 64,
    layers: 2,
    heads: 4,
    kvHeads: 2,
    headDim: 16,
    mlpDim: 172,
    maxLength: 256,
    epsilon: 1e-5,
    ropes: [{ theta: 10000, dim: 16, scaling: { type: 'none' } }],
    layerTypes: [{ rope: 0 }, { rope: 0 }],
    activation: 'silu',
    qkvBias: false,
    outputBias: false,
    mlpBias: false,
    names: { embedding: 'model.embed_tokens', blocks: 'model.layers', norm: 'model.norm', head: 'lm_head' },
    linears: {
      qkv: ['self_attn.q_proj', 'self_attn.k_proj', 'self_attn.v_proj'],
      o: ['self_attn.o_proj'],
      mlp: ['mlp.gate_proj', 'mlp.up_proj'],
      down: ['mlp.down_proj'],
    },
    qkvByHead: false,
    qkNorm: false,
    gated: true,
    blockNorms: 'before',
    parallel: false,
    norm: 'rms',
    interleaved: false,
    factors: { embedding: 1, attention: 0.25, residual: 1, logits: 1 },
    tied: true,
  });
});

test('both spellings of rope and dtype mean the same', () => {
  const older = goldenJson('models/llama_untied_llama3rope/config.json');
  const { rope_theta, rope_scaling, torch_dtype, ...rest } = older;
  const newer = { ...rest, dtype: torch_dtype, rope_parameters: { rope_theta, ...rope_scaling } };
  assert.deepEqual(parseBaseConfig(newer), parseBaseConfig(older));
  const scalingOf = (json: unknown) => parseBaseConfig(json).ropes[0]!.scaling;
  assert.deepEqual(scalingOf(older), {
    type: 'llama3',
    factor: older.rope_scaling.factor,
    lowFactor: older.rope_scaling.low_freq_factor,
    highFactor: older.rope_scaling.high_freq_factor,
    originalLength: 64,
  });
  const linear = { ...llama, rope_scaling: { type: 'linear', factor: 4 } };
  assert.deepEqual(scalingOf(linear), { type: 'linear', factor: 4 });
  const plain = { ...llama, rope_parameters: { rope_type: 'default', rope_theta: 5e5 } };
  assert.deepEqual([parseBaseConfig(plain).ropes[0]!.theta, scalingOf(plain)], [5e5, { type: 'none' }]);
  for (const name of spelledTwice)
    assert.deepEqual(
      parseBaseConfig(goldenJson(`models/${name}/config.v4.json`)),
      parseBaseConfig(goldenJson(`models/${name}/config.json`)),
      name,
    );
  assert.ok(spelledTwice.length >= 6);
});

test('what an architecture implies: biases, q/k norms, head size, windows', () => {
  const of = (changes: Record<string, unknown>) => parseBaseConfig({ ...llama, ...changes });
  const qwen2 = of({ architectures: ['Qwen2ForCausalLM'] });
  assert.deepEqual([qwen2.qkvBias, qwen2.outputBias, qwen2.qkNorm], [true, false, false]);
  const qwen3 = of({ architectures: ['Qwen3ForCausalLM'], head_dim: undefined });
  assert.deepEqual([qwen3.qkvBias, qwen3.qkNorm, qwen3.headDim], [false, 'head', 128]);
  const biased = of({ attention_bias: true, mlp_bias: true });
  assert.deepEqual([biased.qkvBias, biased.outputBias, biased.mlpBias], [true, true, true]);
  assert.equal(of({ head_dim: undefined }).headDim, 16);
  assert.equal(of({ architectures: undefined, model_type: 'qwen2' }).architecture, 'qwen2');
  assert.equal(of({ num_key_value_heads: undefined }).kvHeads, 4);
  assert.equal(of({ tie_word_embeddings: undefined }).tied, false);
});

test('windows: which blocks have one, and how long', () => {
  const windows = (name: string, changes: Record<string, unknown>) => {
    const json = { ...llama, architectures: [`${name}ForCausalLM`], num_hidden_layers: 4, ...changes };
    const config = parseBaseConfig(json);
    assert.equal(config.maxLength, 256);
    return config.layerTypes.map(type => type.window);
  };
  const none = [undefined, undefined, undefined, undefined];
  const all = [32, 32, 32, 32];
  assert.deepEqual(windows('Mistral', { sliding_window: 32 }), all);
  assert.deepEqual(windows('Mistral', { sliding_window: null }), none);
  assert.deepEqual(windows('Mistral', { sliding_window: 256 }), none, 'as long as the longest text');
  assert.deepEqual(windows('Llama', { sliding_window: 32 }), none, 'which the class does not read');
  for (const name of ['Qwen2', 'Qwen3']) {
    const on = { sliding_window: 32, use_sliding_window: true };
    assert.deepEqual(windows(name, { ...on, use_sliding_window: false }), none);
    assert.deepEqual(windows(name, { ...on, use_sliding_window: undefined }), none);
    assert.deepEqual(windows(name, on), none, 'from block 28 on');
    assert.deepEqual(windows(name, { ...on, max_window_layers: 0 }), all);
    assert.deepEqual(windows(name, { ...on, max_window_layers: 3 }), [undefined, undefined, undefined, 32]);
    const types = ['sliding_attention', 'full_attention', 'full_attention', 'sliding_attention'];
    const named = { ...on, max_window_layers: 3, layer_types: types };
    assert.deepEqual(windows(name, named), [32, undefined, undefined, 32]);
  }
  const qwen = { architectures: ['Qwen2ForCausalLM'], sliding_window: 32, use_sliding_window: true };
  check({ ...qwen, layer_types: ['full_attention'] }, 'badFile', "'layer_types' should be a list of 2 texts");
  check(
    { ...qwen, layer_types: ['full_attention', 'chunked_attention'] },
    'unsupported',
    "layer type 'chunked_attention'",
  );
  const sliding = ['full_attention', 'sliding_attention'];
  check(
    { ...qwen, use_sliding_window: false, layer_types: sliding },
    'badFile',
    "'sliding_window' should be the window",
  );
  check({ ...qwen, sliding_window: 'x' }, 'badFile', "'sliding_window' should be a positive");
  check({ ...qwen, max_window_layers: -1 }, 'badFile', "'max_window_layers' should be a positive integer");
});

test('yarn: what is left out follows from the lengths', () => {
  const yarn = (scaling: object, changes: object = {}) =>
    parseBaseConfig({ ...llama, ...changes, rope_scaling: { rope_type: 'yarn', ...scaling } }).ropes[0]!.scaling;
  const found = { type: 'yarn', originalLength: 64, betaFast: 32, betaSlow: 1, truncate: true };
  const attentionFactor = 0.1 * Math.log(4) + 1;
  const given = { factor: 4, original_max_position_embeddings: 64 };
  assert.deepEqual(yarn(given), { ...found, factor: 4, attentionFactor });
  assert.deepEqual(yarn({ ...given, factor: null }), { ...found, factor: 4, attentionFactor });
  assert.deepEqual(yarn({ factor: 4 }), { ...found, factor: 4, originalLength: 256, attentionFactor });
  assert.deepEqual(yarn(given, { attention_bias: true }), { ...found, factor: 4, attentionFactor });
  assert.deepEqual(yarn({ ...given, mscale: 2, mscale_all_dim: 2 }), { ...found, factor: 4, attentionFactor: 1 });
  assert.deepEqual(yarn({ ...given, mscale: 2 }), { ...found, factor: 4, attentionFactor }, 'which alone says nothing');
  // As people add it by hand, with max_position_embeddings as it was.
  const lengthOf = (scaling: object) =>
    parseBaseConfig({ ...llama, rope_scaling: { rope_type: 'yarn', ...scaling } }).maxLength;
  assert.equal(lengthOf({ factor: 4, original_max_position_embeddings: 256 }), 1024);
  assert.equal(lengthOf({ factor: 2, original_max_position_embeddings: 64 }), 256);
  assert.equal(lengthOf({ factor: 4 }), 256);
  check({ rope_scaling: { rope_type: 'yarn' } }, 'badFile', "rope scaling: 'factor' should be a positive number");
  check(
    { rope_scaling: { rope_type: 'yarn', ...given, truncate: 1 } },
    'badFile',
    "'truncate' should be true or false",
  );
});

test('longrope: factors for each rotated pair, and what is left out follows from the lengths', () => {
  const phi3 = goldenJson('models/phi3_longrope_partial/config.json');
  const scalingOf = (changes: object, outer: object = {}) => {
    const json = { ...phi3, ...outer, rope_parameters: { ...phi3.rope_parameters, ...changes } };
    return parseBaseConfig(json).ropes[0]!.scaling as { originalLength: number; attentionFactor: number };
  };
  const magnitude = (factor: number, length: number) => Math.sqrt(1 + Math.log(factor) / Math.log(length));
  assert.equal(scalingOf({}).attentionFactor, magnitude(4, 32));
  assert.equal(scalingOf({ factor: 2 }).attentionFactor, magnitude(2, 32));
  assert.equal(scalingOf({ attention_factor: 1.25 }).attentionFactor, 1.25);
  // The length beside the rest stands before that within; without both nothing is long.
  const within = { original_max_position_embeddings: 64 };
  assert.equal(scalingOf(within).originalLength, 32);
  assert.equal(scalingOf(within, { original_max_position_embeddings: undefined }).originalLength, 64);
  const neither = scalingOf(
    { original_max_position_embeddings: undefined },
    { original_max_position_embeddings: undefined },
  );
  assert.deepEqual([neither.originalLength, neither.attentionFactor], [128, 1]);
  for (const type of ['su', 'yarn', 'longrope'])
    assert.deepEqual(scalingOf({ rope_type: undefined, type }), scalingOf({}), type);
  for (const key of ['long_factor', 'short_factor'])
    for (const wrong of [undefined, [1, 2], [1, 2, 3, 4, 5, -6], 'x', [1, 2, 3, 4, 5, '6']])
      check(
        { ...phi3, rope_parameters: { ...phi3.rope_parameters, [key]: wrong } },
        'badFile',
        `'${key}' should be a list of 6 positive numbers`,
      );
  check(
    { ...phi3, partial_rotary_factor: 2, rope_parameters: undefined },
    'badFile',
    "'partial_rotary_factor' should be at most 1",
  );
});

test('blocks of Gemma 3 and SmolLM3: patterns, or what is said of each', () => {
  const gemma3 = goldenJson('models/gemma3_tied/config.v4.json');
  const typesOf = (json: object) => parseBaseConfig(json).layerTypes;
  const [sliding, full] = [{ window: 8, rope: 1 }, { rope: 0 }];
  assert.deepEqual(typesOf(gemma3), [sliding, sliding, full]);
  assert.deepEqual(typesOf({ ...gemma3, sliding_window_pattern: 2 }), [sliding, full, sliding]);
  assert.deepEqual(typesOf({ ...gemma3, sliding_window_pattern: undefined }), [sliding, sliding, sliding], 'six');
  // A window that hides nothing leaves the rotary embedding of its blocks.
  assert.deepEqual(typesOf({ ...gemma3, sliding_window: 256 })[0], { rope: 1 });
  const thetas = ({ ropes }: BaseConfig) => ropes.map(rope => rope.theta);
  assert.deepEqual(thetas(parseBaseConfig({ ...gemma3, rope_theta: undefined, rope_local_base_freq: 5 })), [1e6, 5]);
  check(
    { ...gemma3, rope_parameters: { rope_theta: 7 }, rope_scaling: null },
    'badFile',
    "'rope_parameters' should be one for",
  );
  const smollm3 = { ...goldenJson('models/smollm3_tied/config.json'), num_hidden_layers: 4, layer_types: undefined };
  const rotated = (changes: object) => typesOf({ ...smollm3, ...changes }).map(type => type.rope);
  assert.deepEqual(rotated({ no_rope_layers: [0, 1, 1, 0] }), [undefined, 0, 0, undefined]);
  assert.deepEqual(rotated({ no_rope_layers: undefined }), [0, 0, 0, undefined]);
  assert.deepEqual(rotated({ no_rope_layers: null, no_rope_layer_interval: 2 }), [0, undefined, 0, undefined]);
  check({ ...smollm3, no_rope_layers: [1, 0] }, 'badFile', "'no_rope_layers' should be a list of 4 zeros and ones");
});

test('dynamic scaling offers the original length alone, where nothing is scaled', () => {
  const config = parseBaseConfig({ ...llama, rope_scaling: { type: 'dynamic', factor: 4 } });
  assert.deepEqual([config.maxLength, config.ropes[0]!.scaling], [256, { type: 'none' }]);
});

test('what is not implemented is named', () => {
  check({ architectures: ['GemmaForCausalLM'] }, 'unsupported', "architecture 'GemmaForCausalLM'");
  check({ architectures: undefined, model_type: 'phi' }, 'unsupported', "architecture 'phi'");
  check({ architectures: [], model_type: undefined }, 'unsupported', "architecture '(none)'");
  assert.throws(
    () => parseBaseConfig({ architectures: ['Gemma3ForConditionalGeneration'], text_config: {} }),
    (e: WorkbenchError) => e.code === 'unsupported' && /use a model of text alone/.test(e.hint ?? ''),
  );
  const gemma3 = { ...goldenJson('models/gemma3_tied/config.json') };
  check({ ...gemma3, use_bidirectional_attention: true }, 'unsupported', 'use_bidirectional_attention');
  const granite = goldenJson('models/granitemoehybrid_dense/config.json');
  check({ ...granite, num_local_experts: 4 }, 'unsupported', 'num_local_experts 4');
  check({ ...granite, layer_types: ['mamba', 'attention'] }, 'unsupported', "the layer type 'mamba'");
  check({ hidden_act: 'relu' }, 'unsupported', "hidden_act 'relu'");
  check({ rope_scaling: { rope_type: 'axial', factor: 2 } }, 'unsupported', "rope scaling 'axial'");
  const layers = { full_attention: { rope_type: 'yarn', factor: 4 }, sliding_attention: { rope_type: 'default' } };
  check({ rope_parameters: layers, rope_scaling: undefined }, 'unsupported', "rope scaling for 'full_attention' alone");
  check({ partial_rotary_factor: 0.5 }, 'unsupported', 'partial_rotary_factor');
  check({ head_dim: 15 }, 'unsupported', 'head_dim 15');
});

test('a key that is missing or of the wrong type is named with what it holds', () => {
  check({ vocab_size: undefined }, 'badFile', "config.json: 'vocab_size' should be a positive integer, got undefined");
  check({ hidden_size: '64' }, 'badFile', `'hidden_size' should be a positive integer, got "64"`);
  check({ num_hidden_layers: 1.5 }, 'badFile', "'num_hidden_layers' should be a positive integer, got 1.5");
  check({ rms_norm_eps: -1 }, 'badFile', "'rms_norm_eps' should be a positive number, got -1");
  check({ num_key_value_heads: 3 }, 'badFile', '4 attention heads cannot share 3 key/value heads');
  check({ rope_scaling: { type: 'linear' } }, 'badFile', "rope scaling: 'factor' should be a positive number");
  check({ rope_parameters: 'default' }, 'badFile', `'rope_parameters' should be an object, got "default"`);
  for (const json of [null, [], 'x', 3])
    assert.throws(
      () => parseBaseConfig(json),
      (e: WorkbenchError) => e.code === 'badFile' && /expected a JSON object/.test(e.message),
    );
});

test('a size that no model has is refused before anything is made of it', () => {
  for (const [key, most] of [
    ['num_hidden_layers', 1000],
    ['vocab_size', 2000000],
    ['hidden_size', 65536],
    ['num_attention_heads', 1024],
    ['head_dim', 1024],
    ['intermediate_size', 524288],
    ['max_position_embeddings', 16777216],
  ] as const)
    for (const x of [most + 1, 3e6 * most, 1e300])
      check({ [key]: x }, 'badFile', `config.json: '${key}' should be at most ${most}, got ${x}`);
  check({ rope_scaling: { type: 'linear', factor: 1e-300 } }, 'badFile', "'factor' should be a number from 1 to 10000");
  check({ rope_theta: 1e-320 }, 'badFile', "'rope_theta' should be at least 1");
  assert.equal(parseBaseConfig({ ...llama, max_position_embeddings: 2 ** 24, head_dim: 128 }).maxLength, 2 ** 20);
});

test('a value of an odd type is named, whatever it is', () => {
  const odd = { toString: 1 };
  let deep: unknown = 1;
  for (let i = 0; i < 100_000; i++) deep = [deep];
  for (const key of ['num_hidden_layers', 'max_position_embeddings', 'vocab_size', 'rms_norm_eps', 'head_dim'])
    for (const x of [odd, deep, 'x', true, [], {}]) check({ [key]: x }, 'badFile', `'${key}' should be a positive`);
  check({ rope_scaling: { rope_type: odd } }, 'badFile', "rope scaling: 'rope_type' should be a text, got an object");
  check({ rope_scaling: { type: 5 } }, 'badFile', "'type' should be a text, got 5");
  check({ architectures: [odd] }, 'badFile', "'architectures' should be a list of names");
  check({ architectures: 'LlamaForCausalLM' }, 'badFile', "'architectures' should be a list of names");
  check({ architectures: [], model_type: odd }, 'badFile', "'model_type' should be a text");
  check({ hidden_act: odd }, 'badFile', "'hidden_act' should be a text");
  check({ tie_word_embeddings: 'yes' }, 'badFile', "'tie_word_embeddings' should be true or false");
  check({ architectures: ['\x1b]0;x\x07'] }, 'unsupported', "architecture '\\x1b]0;x\\x07'");
});

test('any JSON as a configuration is a base or an error of its own (fuzz)', () => {
  const rope = { rope_type: 'llama3', factor: 8, low_freq_factor: 1, high_freq_factor: 4, rope_theta: 5e5 };
  const keys = [...new Set(goldenConfigs.flatMap(Object.keys))];
  const base = fc.constantFrom(...goldenConfigs);
  const odd = fc.oneof(fc.jsonValue(), fc.constantFrom(null, -1, 0, 1e300, Number.NaN, { toString: 1 }), fc.double());
  const change = fc.dictionary(fc.constantFrom(...keys), odd, { maxKeys: 4 });
  const ropes = fc.dictionary(
    fc.constantFrom(...Object.keys(rope), 'type', 'short_factor', 'partial_rotary_factor'),
    odd,
  );
  fc.assert(
    fc.property(base, change, ropes, (golden, changes, changed) => {
      const scaling = golden.rope_scaling ?? golden.rope_parameters ?? rope;
      for (const json of [
        { ...golden, ...changes },
        { ...golden, rope_scaling: { ...scaling, ...changed } },
      ])
        try {
          assert.ok(parseBaseConfig(json).layers <= 1000);
        } catch (error) {
          assert.equal((error as Error).name, 'WorkbenchError', String((error as Error).stack));
        }
    }),
    { numRuns: 2000 },
  );
});

test('rope_scaling, which people add by hand, stands before rope_parameters', () => {
  const newer = { rope_type: 'default', rope_theta: 5e5 };
  check({ rope_parameters: newer, rope_scaling: { rope_type: 'x' } }, 'unsupported', "rope scaling 'x'");
  const ropeOf = (changes: object) => {
    const { theta, scaling } = parseBaseConfig({ ...llama, rope_theta: 1e6, ...changes }).ropes[0]!;
    return [theta, scaling];
  };
  const scaling = { rope_type: 'linear', factor: 2 };
  const linear = { type: 'linear', factor: 2 };
  assert.deepEqual(ropeOf({ rope_parameters: newer, rope_scaling: scaling }), [1e6, linear]);
  assert.deepEqual(ropeOf({ rope_parameters: newer, rope_scaling: { ...scaling, rope_theta: 7 } }), [7, linear]);
  for (const none of [null, {}])
    assert.deepEqual(ropeOf({ rope_parameters: newer, rope_scaling: none }), [5e5, { type: 'none' }]);
});

test('the layers of a block are where Hugging Face puts them', () => {
  assert.deepEqual(linearPaths(parseBaseConfig(llama), 3, 'o'), ['model.layers.3.self_attn.o_proj']);
  assert.equal(linearPaths(parseBaseConfig(llama), 0, 'mlp')[1], 'model.layers.0.mlp.up_proj');
  const layers = linearLayers(parseBaseConfig(goldenJson('models/qwen3_tied_headdim/config.json')));
  const { dim, heads, headDim } = parseBaseConfig(goldenJson('models/qwen3_tied_headdim/config.json'));
  assert.deepEqual([layers[0]!.in, layers[0]!.out], [dim, heads * headDim]);
  assert.deepEqual([layers[3]!.in, layers[3]!.out], [heads * headDim, dim]);
});

test('a checkpoint is held against the config: missing, misshapen and quantised tensors are named', () => {
  const config = parseBaseConfig(llama);
  const places = () =>
    new Map<string, TensorPlace>(
      [...baseTensors(config)].map(([name, shape]) => [
        name,
        { file: 'm.safetensors', dtype: 'BF16', shape, offset: 0, length: 0 },
      ]),
    );
  checkBaseTensors(config, places(), '/base');
  checkBaseTensors(
    config,
    new Map([...places(), ['model.rotary_emb.inv_freq', { ...places().get('model.norm.weight')!, shape: [8] }]]),
    '/base',
  );
  assert.equal(places().has('lm_head.weight'), false);
  assert.equal(baseTensors({ ...config, tied: false }).has('lm_head.weight'), true);
  const name = 'model.layers.1.mlp.down_proj.weight';
  const broken = (change: Partial<TensorPlace> | undefined) => {
    const map = places();
    if (change) map.set(name, { ...map.get(name)!, ...change });
    else map.delete(name);
    return () => checkBaseTensors(config, map, '/base');
  };
  assert.throws(
    broken(undefined),
    (e: WorkbenchError) =>
      e.code === 'notFound' &&
      e.message === `/base: config.json asks for the tensor '${name}', which the checkpoint does not hold`,
  );
  assert.throws(
    broken({ shape: [172, 64] }),
    (e: WorkbenchError) =>
      e.code === 'mismatch' &&
      e.message === `m.safetensors: '${name}' has shape [172,64], config.json implies [64,172]`,
  );
  assert.throws(
    broken({ dtype: 'I8' }),
    (e: WorkbenchError) => e.code === 'unsupported' && e.message.includes('stored as I8'),
  );
});
