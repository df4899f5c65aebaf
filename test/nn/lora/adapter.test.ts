import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { encodeSafetensors, parseSafetensorsHeader } from '../../../src/nn/files/safetensors.ts';
import { type Adapter, checkAdapterFits, checkRank } from '../../../src/nn/lora/adapter.ts';
import { parseAdapterConfig } from '../../../src/nn/lora/adapterConfig.ts';
import { adapterFromPeft, adapterToPeft, outsideTargets } from '../../../src/nn/lora/peftAdapter.ts';
import { mergeAdapters } from '../../../src/nn/merge/merge.ts';
import { methodParts } from '../../../src/nn/merge/mergeMethods.ts';
import type { FloatTensor } from '../../../src/nn/tensor/dtype.ts';
import { WorkbenchError } from '../../../src/protocol/errors.ts';
import type { MergeMethod } from '../../../src/protocol/mergeMethod.ts';
import { denseSum, gap, goldenFolder, readTensors } from './golden.ts';

const foldersUrl = new URL('folders/', goldenFolder);
const folders = readdirSync(foldersUrl).flatMap(set =>
  readdirSync(new URL(`${set}/`, foldersUrl)).map(name => `${set}/${name}`),
);
const layers = new Map([
  ['model.layers.0.self_attn.q_proj', { in: 16, out: 16 }],
  ['model.layers.0.self_attn.v_proj', { in: 16, out: 12 }],
  ['model.layers.0.mlp.down_proj', { in: 24, out: 16 }],
]);

function load(folder: string): Adapter {
  const text = readFileSync(new URL(`${folder}/adapter_config.json`, foldersUrl), 'utf8');
  const { config, problems } = parseAdapterConfig(text, folder);
  assert.deepEqual(problems, []);
  return adapterFromPeft(
    config,
    readTensors(new URL(`${folder}/adapter_model.safetensors`, foldersUrl)),
    folder,
    folder,
  );
}

/** The tensors of adapterToPeft as adapterFromPeft takes them. */
function asTensors(written: ReturnType<typeof adapterToPeft>['tensors']): Map<string, FloatTensor> {
  return new Map(written.map(({ name, shape, data }) => [name, { shape, data: data as Float32Array }]));
}

for (const folder of folders) {
  test(`PEFT folder ${folder}: loads, fits, and is written as the same tensors and scalings`, () => {
    const adapter = load(folder);
    checkAdapterFits(adapter, layers);
    const { configJson, tensors, metadata } = adapterToPeft(adapter);
    const again = adapterFromPeft(parseAdapterConfig(configJson, folder).config, asTensors(tensors), folder, folder);
    assert.deepEqual(again.modules, adapter.modules);
    const theirs = readFileSync(new URL(`${folder}/adapter_model.safetensors`, foldersUrl));
    const ours = Buffer.concat(encodeSafetensors(tensors, metadata));
    const header = (bytes: Buffer) => JSON.parse(bytes.subarray(8, 8 + Number(bytes.readBigUInt64LE())).toString());
    assert.deepEqual(header(ours), header(theirs));
    assert.deepEqual(parseSafetensorsHeader(ours, ours.length, folder).metadata, { format: 'pt' });
    const data = (bytes: Buffer) => bytes.subarray(8 + Number(bytes.readBigUInt64LE()));
    assert.ok(data(ours).equals(data(theirs)));
    const raw = JSON.parse(readFileSync(new URL(`${folder}/adapter_config.json`, foldersUrl), 'utf8'));
    const written = JSON.parse(configJson);
    for (const key of ['r', 'lora_alpha', 'use_rslora', 'peft_type', 'bias']) assert.equal(written[key], raw[key], key);
    assert.deepEqual(written.target_modules, raw.target_modules);
  });
}

test('16 folders; the merges PEFT saved are those made here from the folders', () => {
  assert.equal(folders.length, 16);
  for (const set of readdirSync(foldersUrl)) {
    const parts = ['math', 'code', 'qa'].map((name, i) => ({
      adapter: load(`${set}/${name}`),
      weight: [0.5, 0.4, 0.1][i]!,
    }));
    const method = set.split('_')[1] as MergeMethod;
    assert.ok(methodParts[method]);
    const ours = mergeAdapters(parts, { method }).adapter;
    for (const [module, factors] of load(`${set}/mix`).modules) {
      // rsLoRA: the folder PEFT saved inherits it, and with r 4 its scaling is 2 instead of 1.
      assert.equal(factors.scaling, set === 'rslora_linear' ? 2 : 1);
      const theirs = denseSum([{ ...factors, scaling: 1, weight: 1 }]);
      assert.ok(gap(denseSum([{ ...ours.modules.get(module)!, weight: 1 }]), theirs) <= 1e-5);
    }
  }
});

const tensor = (rows: number, cols: number): FloatTensor => ({
  shape: [rows, cols],
  data: new Float32Array(rows * cols).fill(1),
});
const config = { rank: 2, alpha: 4, rslora: false };
const q = 'base_model.model.model.layers.0.self_attn.q_proj';

function refuses(run: () => unknown, message: RegExp, code = 'mismatch'): void {
  assert.throws(run, (error: unknown) => {
    assert.ok(error instanceof WorkbenchError, String(error));
    assert.equal(error.code, code);
    assert.match(error.message, message);
    return true;
  });
}

test('keys, partners, ranks and values that are not plain LoRA are refused by name', () => {
  const good: [string, FloatTensor][] = [
    [`${q}.lora_A.weight`, tensor(2, 16)],
    [`${q}.lora_B.weight`, tensor(16, 2)],
  ];
  const file = '/experts/math/adapter_model.safetensors';
  const load = (...extra: [string, FloatTensor][]) =>
    adapterFromPeft(config, new Map([...good, ...extra]), 'math', file);
  assert.equal(load().modules.get('model.layers.0.self_attn.q_proj')!.scaling, 2);
  const unknown = [
    'base_model.model.lm_head.original_module.weight',
    `${q}.hada_w1_a`,
    `${q}.lora_up.weight`,
    `${q}.lora_B.bias`,
  ];
  for (const key of unknown) {
    refuses(
      () => load([key, tensor(2, 2)]),
      new RegExp(`^Adapter math: ${file}: the key ${key} is not`.replaceAll('.', '\\.')),
    );
  }
  for (const again of ['model.layers.0.self_attn.q_proj.lora_A.weight', `${q}.lora_A.default.weight`])
    refuses(() => load([again, tensor(2, 16)]), new RegExp(`${again} is there a second time, under another name`));
  refuses(
    () =>
      load(
        ['model.layers.1.mlp.up_proj.lora_A.code.weight', tensor(2, 16)],
        ['model.layers.1.mlp.up_proj.lora_B.qa.weight', tensor(16, 2)],
      ),
    /its file holds several adapters: code, qa/,
  );
  refuses(
    () => adapterFromPeft(config, new Map([good[0]!]), 'math', file),
    /q_proj\.lora_A\.weight has no partner .*lora_B\.weight/,
  );
  refuses(() => adapterFromPeft(config, new Map([good[1]!]), 'math', file), /lora_B\.weight has no partner/);
  refuses(() => adapterFromPeft(config, new Map(), 'math', file), /no LoRA factors/);
  refuses(() => load([`${q}.lora_A.weight`, tensor(3, 16)]), /lora_A\.weight has rank 3, adapter_config\.json says 2/);
  refuses(() => load([`${q}.lora_B.weight`, tensor(16, 3)]), /lora_B\.weight has rank 3/);
  refuses(() => load([`${q}.lora_A.weight`, { shape: [32], data: new Float32Array(32) }]), /shape \[32\]/);
  const nan = tensor(2, 16);
  nan.data[5] = Number.NaN;
  refuses(() => load([`${q}.lora_A.weight`, nan]), /lora_A\.weight holds values that are not finite/, 'badFile');
});

test('what wraps the model, and the name of the adapter, may stand in the keys', () => {
  const plain = load('patterns_cat/code');
  const tensors = asTensors(adapterToPeft(plain).tensors);
  const { configJson } = adapterToPeft(plain);
  const changes: ((key: string) => string)[] = [
    key => key.replace('base_model.model.', ''),
    key => `base_model.model.${key}`,
    key => `module.${key}`,
    key => key.replace('base_model.model.', 'base_model.model._orig_mod.'),
    key => `_orig_mod.module.${key}`,
    key => key.replace(/layers\.(\d+)\./, '_fsdp_wrapped_module.layers.$1._fsdp_wrapped_module.'),
    key => key.replace(/(self_attn|mlp)/, '_checkpoint_wrapped_module.$1._orig_mod'),
    key => key.replace('.weight', '.default.weight'),
    key => key.replace('base_model.model.model.', 'base_model.model.'),
  ];
  for (const change of changes) {
    const renamed = new Map([...tensors].map(([key, t]) => [change(key), t]));
    const again = adapterFromPeft(parseAdapterConfig(configJson, 'x').config, renamed, 'x', 'x');
    assert.deepEqual(again.modules, adapterFromPeft(plain.config, tensors, 'x', 'x').modules, `${change}`);
  }
});

test("DoRA: PEFT's folder is read with its magnitudes and written as the same bytes; what does not fit is refused", () => {
  const folder = new URL('../train/dora_llama_all/adapter/', goldenFolder);
  const read = (name: string) => readFileSync(new URL(name, folder));
  const { config, problems } = parseAdapterConfig(read('adapter_config.json').toString(), 'x');
  assert.deepEqual([problems, config.dora], [[], true]);
  const theirs = readTensors(new URL('adapter_model.safetensors', folder));
  const adapter = adapterFromPeft(config, theirs, 'x', 'x');
  assert.equal(adapter.modules.size, 14);
  for (const { B, magnitude } of adapter.modules.values()) assert.equal(magnitude!.length, B.rows);
  const { configJson, tensors, metadata } = adapterToPeft(adapter);
  assert.equal(JSON.parse(configJson).use_dora, true);
  assert.deepEqual(asTensors(tensors), theirs);
  const ours = Buffer.concat(encodeSafetensors(tensors, metadata));
  assert.ok(ours.subarray(-1000).equals(read('adapter_model.safetensors').subarray(-1000)));

  const magnitude = `${q}.lora_magnitude_vector`;
  const load = (changes: [string, FloatTensor | undefined][], dora = true) => {
    const all = new Map(theirs);
    for (const [name, t] of changes) if (t) all.set(name, t);
    for (const [name, t] of changes) if (!t) all.delete(name);
    return adapterFromPeft({ ...config, dora }, all, 'math', 'f');
  };
  const renamed = theirs.get(magnitude)!;
  for (const name of ['.default', '.weight', '.default.weight'])
    assert.deepEqual(
      load([
        [magnitude, undefined],
        [`${magnitude}${name}`, renamed],
      ]).modules,
      adapter.modules,
    );
  refuses(
    () => load([], false),
    /q_proj has a magnitude of DoRA, adapter_config\.json says no use_dora|down_proj has a/,
  );
  refuses(
    () => load([[magnitude, undefined]]),
    /q_proj has no lora_magnitude_vector, adapter_config\.json says use_dora/,
  );
  refuses(() => load([[magnitude, tensor(64, 1)]]), /shape \[64,1\], expected a vector/);
  refuses(() => load([[magnitude, { shape: [3], data: new Float32Array(3) }]]), /has 3 numbers, lora_B 64 rows/);
  const half = new Map([...adapter.modules].map(([path, m], i) => [path, i > 0 ? m : { ...m, magnitude: undefined }]));
  refuses(() => adapterToPeft({ ...adapter, modules: half }), /it has no magnitude, and others have/, 'badRequest');
  refuses(
    () => mergeAdapters([{ adapter, weight: 1 }], { method: 'cat' }),
    /x is trained with DoRA: what it adds depends on the base's weights/,
    'unsupported',
  );
});

test("MLX's factors are transposed and scaled by scale, not by alpha / rank", () => {
  const plain = load('uniform_linear/math');
  const turned = ({ shape: [rows, cols], data }: FloatTensor): FloatTensor => ({
    shape: [cols!, rows!],
    data: Float32Array.from(data, (_, i) => data[(i % rows!) * cols! + Math.floor(i / rows!)]!),
  });
  const mlx = new Map(
    [...asTensors(adapterToPeft(plain).tensors)].map(([key, t]) => [
      key.replace(
        /^base_model\.model\.(.+)\.lora_([AB])\.weight$/,
        (_, path, half) => `${path}.lora_${half.toLowerCase()}`,
      ),
      turned(t),
    ]),
  );
  assert.deepEqual(mlx.get('model.layers.0.mlp.down_proj.lora_a')!.shape, [24, 4]);
  const config = { fine_tune_type: 'lora', num_layers: 1, lora_parameters: { rank: 4, scale: 10, dropout: 0 } };
  const read = parseAdapterConfig(JSON.stringify(config), 'x');
  assert.deepEqual(read.problems, []);
  const adapter = adapterFromPeft(read.config, mlx, 'x', 'adapters.safetensors');
  for (const [module, { A, B, scaling }] of adapter.modules) {
    const { A: a, B: b } = plain.modules.get(module)!;
    assert.deepEqual([A, B, scaling], [a, b, 10]);
  }
});

test('an adapter of another base is refused with the key and both sizes', () => {
  const adapter = load('uniform_linear/math');
  const without = new Map([...layers].filter(([name]) => !name.endsWith('down_proj')));
  refuses(
    () => checkAdapterFits(adapter, without),
    /down_proj\.lora_A\.weight adapts .*down_proj, which the base does not have/,
  );
  const changed = (size: { in: number; out: number }) =>
    new Map([...layers, ['model.layers.0.self_attn.q_proj', size]]);
  refuses(
    () => checkAdapterFits(adapter, changed({ in: 17, out: 16 })),
    /q_proj\.lora_A\.weight is \[4, 16\], .* takes 17 inputs/,
  );
  refuses(
    () => checkAdapterFits(adapter, changed({ in: 16, out: 8 })),
    /q_proj\.lora_B\.weight is \[16, 4\], .* gives 8 outputs/,
  );
});

test('a rank above the smaller side of the layer is refused', () => {
  checkRank(12, 16, 12, 'v_proj');
  for (const rank of [13, 0, 1.5, Number.NaN])
    refuses(() => checkRank(rank, 16, 12, 'v_proj'), /does not fit v_proj \[12, 16\]/);
});

test('what is written selects every adapted module and gives back every scaling', () => {
  const matrix = (rows: number, cols: number) => ({ rows, cols, data: new Float32Array(rows * cols).fill(1) });
  const factors = (rank: number, scaling: number) => ({ A: matrix(rank, 4), B: matrix(4, rank), scaling });
  const build = (names: string[], targetModules?: string[] | string): Adapter => ({
    name: 'x',
    config: { ...config, targetModules },
    modules: new Map(names.map((name, i) => [name, factors(i + 1, 1 / (i + 3))])),
  });
  const targets = (adapter: Adapter) => JSON.parse(adapterToPeft(adapter).configJson).target_modules;
  const [q0, v0, q1] = [
    'model.layers.0.self_attn.q_proj',
    'model.layers.0.self_attn.v_proj',
    'model.layers.1.self_attn.q_proj',
  ];
  assert.deepEqual(targets(build([q0, q1])), ['q_proj']);
  assert.deepEqual(targets(build([q0, v0, q1])), [q0, v0, q1].sort());
  assert.deepEqual(targets(build(['lm_head'])), ['lm_head']);
  assert.deepEqual(targets(build([q0], ['q_proj', 'o_proj'])), ['q_proj', 'o_proj']);
  assert.deepEqual(targets(build([q0, v0], ['q_proj'])), ['q_proj', 'v_proj']);
  assert.equal(targets(build([q0], 'all-linear')), 'all-linear');
  const adapter = build([q0, v0, q1]);
  const { configJson, tensors } = adapterToPeft(adapter);
  const again = adapterFromPeft(parseAdapterConfig(configJson, 'x').config, asTensors(tensors), 'x', 'x');
  for (const [module, { A, scaling }] of adapter.modules) {
    assert.equal(again.modules.get(module)!.A.rows, A.rows);
    assert.ok(Math.abs(again.modules.get(module)!.scaling / scaling - 1) < 1e-15);
  }
  refuses(() => adapterToPeft({ ...adapter, modules: new Map([[q0, factors(2, 0)]]) }), /scaling 0/, 'badRequest');
  const broken = factors(2, 1);
  broken.B.data[1] = Number.NEGATIVE_INFINITY;
  const notFinite = () => adapterToPeft({ ...adapter, modules: new Map([[q0, broken]]) });
  refuses(notFinite, /lora_B of .*q_proj holds values that are infinite or not numbers/, 'runtime');
});

test('factors that the configuration does not select are told, whichever of its settings leaves them out', () => {
  const adapter = load('patterns_cat/code');
  const [some] = [...adapter.modules.keys()];
  const of = (settings: object) => outsideTargets({ ...adapter, config: { ...adapter.config, ...settings } });
  assert.equal(of({}), undefined);
  assert.equal(of({ layersToTransform: [0, 1, 2, 3], excludeModules: ['lm_head'] }), undefined);
  assert.match(of({ targetModules: ['lm_head'] })!, /although target_modules does not name them/);
  assert.match(of({ excludeModules: [some!] })!, /factors of 1 of \d+ layers .* although exclude_modules names them/);
  assert.match(of({ layersToTransform: 7 })!, /although layers_to_transform does not name the blocks of them/);
  assert.equal(of({ layersToTransform: [] }), undefined);
});

test('keys of GPT-NeoX, whole and of the decoder alone, and its embedding and output layer', () => {
  const { config } = parseAdapterConfig(JSON.stringify({ r: 2, modules_to_save: ['embed_out'] }), 'x');
  const [block, ends] = ['attention.query_key_value', ['embed_in', 'embed_out']];
  const matrix = (rows: number, cols: number): FloatTensor => ({
    shape: [rows, cols],
    data: Float32Array.from({ length: rows * cols }, (_, i) => i),
  });
  const keys = (prefix: string): [string, FloatTensor][] => [
    [`base_model.model.${prefix}layers.3.${block}.lora_A.weight`, matrix(2, 4)],
    [`base_model.model.${prefix}layers.3.${block}.lora_B.weight`, matrix(12, 2)],
    [`base_model.model.${prefix}${ends[0]}.lora_embedding_A`, matrix(2, 9)],
    [`base_model.model.${prefix}${ends[0]}.lora_embedding_B`, matrix(4, 2)],
    [`base_model.model.${ends[1]}.weight`, matrix(9, 4)],
  ];
  for (const prefix of ['gpt_neox.', '']) {
    const adapter = adapterFromPeft(config, new Map(keys(prefix)), 'a', 'f');
    assert.deepEqual(
      [...adapter.modules].map(([path, { A, B }]) => [path, A.cols, B.rows]),
      [
        [`gpt_neox.layers.3.${block}`, 4, 12],
        ['gpt_neox.embed_in', 4, 9],
      ],
    );
    assert.deepEqual([...adapter.own!.keys()], ['embed_out.weight']);
    const { tensors } = adapterToPeft(adapter);
    assert.deepEqual(new Map(tensors.map(t => [t.name, { shape: t.shape, data: t.data }])), new Map(keys('gpt_neox.')));
    assert.throws(
      () => checkAdapterFits(adapter, new Map([[`gpt_neox.layers.3.${block}`, { in: 4, out: 12 }]])),
      /adapts gpt_neox\.embed_in, the embedding; .*/,
    );
  }
});
