import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatAdapterConfig, parseAdapterConfig, rankOf, scalingOf } from '../../../src/nn/lora/adapterConfig.ts';
import { WorkbenchError } from '../../../src/protocol/errors.ts';

const parse = (json: object) => parseAdapterConfig(JSON.stringify(json), 'adapter_config.json');

test('what is left out has the default of PEFT, and patterns override by name, path or expression', () => {
  assert.deepEqual([parse({}).config.rank, parse({}).config.alpha, parse({}).config.rslora], [8, 8, false]);
  const { config } = parse({
    r: 4,
    lora_alpha: 8,
    use_rslora: true,
    rank_pattern: { v_proj: 16, 'model.layers.1.mlp.up_proj': 2, 'layers\\.[01]\\..*down_proj': 9 },
    alpha_pattern: { down_proj: 6 },
  });
  const expected: [string, number, number][] = [
    ['model.layers.0.self_attn.q_proj', 4, 4],
    ['model.layers.0.self_attn.v_proj', 16, 2],
    ['model.layers.0.self_attn.not_v_proj', 4, 4],
    ['model.layers.1.mlp.up_proj', 2, 8 / Math.SQRT2],
    ['model.layers.11.mlp.up_proj', 4, 4],
    ['model.layers.1.mlp.down_proj', 9, 2],
    ['model.layers.2.mlp.down_proj', 4, 3],
  ];
  for (const [module, rank, scaling] of expected) {
    assert.deepEqual([rankOf(config, module), scalingOf(config, module)], [rank, scaling], module);
  }
});

test('thousands of names and paths are looked up, a few expressions are tried; the first that fits counts', () => {
  const many = Object.fromEntries(
    Array.from({ length: 20_000 }, (_, i) => [`model.layers.${i}.mlp.up_proj`, 1 + (i % 9)]),
  );
  const { config } = parse({ rank_pattern: { 'layers\\.7\\..*': 64, ...many, up_proj: 32, '(k|v)_proj': 16 } });
  const expected: [string, number][] = [
    ['model.layers.12.mlp.up_proj', 4],
    ['model.layers.7.self_attn.k_proj', 64],
    ['model.layers.8.self_attn.k_proj', 16],
    ['model.layers.20000.mlp.up_proj', 32],
    ['model.layers.8.self_attn.q_proj', 8],
  ];
  for (const [module, rank] of expected) assert.equal(rankOf(config, module), rank, module);
  const expressions = Object.fromEntries(Array.from({ length: 51 }, (_, i) => [`l${i}.*`, 1]));
  assert.throws(() => parse({ rank_pattern: expressions }), /51 keys are expressions; at most 50 are read/);
});

test('what is written is read back', () => {
  const config = {
    rank: 4,
    alpha: 2.5,
    rslora: true,
    dora: true,
    rankPattern: { v_proj: 2 },
    alphaPattern: { 'model.layers.0.mlp.up_proj': -1 },
    targetModules: ['q_proj', 'v_proj'],
    bias: 'all' as const,
    modulesToSave: ['lm_head'],
    tokenIndices: { embed_tokens: [3, 5] },
    // Factors are written of what is adapted alone.
    excludeModules: undefined,
    layersToTransform: undefined,
    dropout: 0.1,
    baseModel: 'base',
    taskType: 'CAUSAL_LM',
  };
  const read = parseAdapterConfig(formatAdapterConfig(config), 'x');
  assert.deepEqual(read, { config, problems: [] });
  assert.equal(JSON.parse(formatAdapterConfig(config)).peft_type, 'LORA');
  // A PEFT from before DoRA would refuse the key.
  const plain = JSON.parse(formatAdapterConfig({ rank: 4, alpha: 8, rslora: false }));
  for (const key of ['use_dora', 'trainable_token_indices']) assert.equal(key in plain, false);
});

test('settings that cannot be applied exactly are refused by name', () => {
  const refused: [string, unknown][] = [
    ['peft_type', 'IA3'],
    ['use_qalora', true],
    ['lora_bias', true],
    ['fan_in_fan_out', true],
    ['layer_replication', [[0, 4]]],
    ['target_parameters', ['w']],
    ['alora_invocation_tokens', [1]],
    ['init_lora_weights', 'pissa'],
    ['init_lora_weights', 'olora'],
    ['init_lora_weights', 'loftq'],
  ];
  for (const [key, value] of refused) {
    assert.throws(
      () => parse({ [key]: value }),
      (e: unknown) =>
        e instanceof WorkbenchError && e.code === 'unsupported' && e.message.includes(`adapter_config.json: ${key} = `),
      key,
    );
  }
  // A list of layers needs no reading: the tensors say which modules exist.
  const harmless = {
    modules_to_save: null,
    layers_to_transform: [0],
    init_lora_weights: 'gaussian',
    use_dora: false,
    bias: 'none',
  };
  assert.deepEqual(parse(harmless).problems, []);
  assert.deepEqual(
    parse({ new_option: 3, other: null }).problems.map(p => [p.code, p.severity, p.where]),
    [['unknownKey', 'warning', 'new_option']],
  );
});

test('wrong types are refused with key, expectation and value', () => {
  const refused: [string, unknown][] = [
    ['r', 0],
    ['r', 1.5],
    ['r', '8'],
    ['r', 1e9],
    ['lora_alpha', 0],
    ['lora_alpha', '16'],
    ['use_rslora', 1],
    ['rank_pattern', { q: 0 }],
    ['rank_pattern', [4]],
    ['alpha_pattern', { q: 'x' }],
    ['target_modules', [1]],
    ['lora_dropout', 2],
    ['rank_pattern', { '(': 4 }],
    ['lora_alpha', 1e300],
    ['lora_alpha', 1e-40],
    ['peft_type', { toString: 1, valueOf: 1 }],
    ['peft_type', 7],
  ];
  for (const [key, value] of refused) {
    assert.throws(
      () => parse({ [key]: value }),
      (e: unknown) => e instanceof WorkbenchError && e.code === 'badFile' && e.message.includes(key),
      `${key} ${JSON.stringify(value)}`,
    );
  }
  const deep = `${'['.repeat(50_000)}${']'.repeat(50_000)}`;
  for (const key of ['r', 'layer_replication', 'init_lora_weights', 'target_modules'])
    assert.throws(
      () => parseAdapterConfig(`{"${key}": ${deep}}`, 'x'),
      (e: unknown) => e instanceof WorkbenchError && e.message.includes(`x: ${key} `),
      key,
    );
  assert.throws(() => parse({ peft_type: 'IA3' }), /peft_type = "IA3" \(\(IA\)³, not LoRA\)/);
  assert.throws(() => parseAdapterConfig('[]', 'x'), /must be a JSON object/);
  assert.throws(() => parseAdapterConfig('{', 'x'), /not JSON/);
  // Expressions that would take for ever to match.
  for (const key of ['(a+)+', '.*.*.*.*x', 'a'.repeat(501)]) {
    assert.throws(() => parse({ rank_pattern: { [key]: 4 } }), /too complicated/, key);
  }
});

test("MLX's settings are read, what two versions of it scale differently is refused; pissa's factors say how to convert them", () => {
  const mlx = (parameters: object, rest: object = {}) =>
    parse({ fine_tune_type: 'lora', lora_parameters: parameters, ...rest }).config;
  const { rank, alpha, rslora } = mlx({ rank: 4, scale: 2.5 });
  assert.deepEqual([rank, alpha, rslora], [4, 10, false]);
  assert.equal(mlx({ rank: 4, scale: 1 }, { fine_tune_type: 'dora' }).dora, true);
  assert.equal(scalingOf(mlx({ rank: 16, scale: 20, alpha: 16 }), 'model.layers.0.mlp.up_proj'), 20);
  assert.throws(() => mlx({ rank: 8, scale: 10, alpha: 16 }), /alpha 16 beside scale 10: mlx_lm of 2024 scaled by/);
  assert.throws(() => mlx({ rank: 8 }), /lora_parameters\.scale must be a number that is not 0/);
  assert.throws(() => mlx([]), /lora_parameters must be an object/);
  assert.throws(() => mlx({ rank: 'x', scale: 1 }), /r must be a whole number/);
  assert.throws(() => mlx({ rank: 4, scale: 1 }, { fine_tune_type: 'full' }), /fine_tune_type = "full" is not LoRA/);
  const hint = (e: unknown) =>
    /path_initial_model_for_weight_conversion=INITIAL/.test((e as WorkbenchError).hint ?? '');
  assert.throws(() => parse({ init_lora_weights: 'pissa_niter_4' }), hint);
});

test('no text makes the reader fail in any other way', () => {
  const keys = [
    'r',
    'lora_alpha',
    'rank_pattern',
    'target_modules',
    'bias',
    'use_dora',
    'init_lora_weights',
    'x',
    'fine_tune_type',
    'lora_parameters',
  ];
  const json = fc.dictionary(fc.constantFrom(...keys), fc.jsonValue()).map(v => JSON.stringify(v));
  fc.assert(
    fc.property(fc.oneof(json, fc.json(), fc.string()), text => {
      try {
        const { config } = parseAdapterConfig(text, 'x');
        assert.ok(Number.isFinite(scalingOf(config, 'model.layers.0.self_attn.q_proj')));
      } catch (error) {
        assert.ok(error instanceof WorkbenchError, String(error));
      }
    }),
    { numRuns: 1000 },
  );
});
