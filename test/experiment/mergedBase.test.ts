import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { allLogits } from '../../src/engine/runtime/model.ts';
import { openModel } from '../../src/engine/runtime/openModel.ts';
import { readAdapter } from '../../src/experiment/adapterFiles.ts';
import { type Base, loadBase } from '../../src/experiment/base.ts';
import { writeMergedBase } from '../../src/experiment/mergedBase.ts';
import { type Adapter, checkFitsBase, type OwnTensor } from '../../src/nn/lora/adapter.ts';
import { parseAdapterConfig } from '../../src/nn/lora/adapterConfig.ts';
import { adapterFromPeft, adapterToPeft } from '../../src/nn/lora/peftAdapter.ts';
import type { FloatTensor } from '../../src/nn/tensor/dtype.ts';
import type { WorkbenchError } from '../../src/protocol/errors.ts';
import { assertClose } from '../support/assertClose.ts';
import { goldenBase, halfBase } from '../support/goldenBase.ts';
import { goldenJson, goldenPath, goldenTensors } from '../support/goldenFiles.ts';
import { temporaryFolder } from '../support/temporaryFolder.ts';

/** An adapter of PEFT that changes more than layers of blocks, and its logits with the adapter live, unmerged. */
interface Case {
  base: string;
  adapter: string;
  ids: number[];
  logits: Float32Array;
  /** Whether the copy has an output layer beside its embedding. */
  tied: boolean;
}

function trained(name: string, tied: boolean): Case {
  const { base, batches } = goldenJson(`train/${name}/golden.json`);
  const logits = goldenTensors(`train/${name}/golden.safetensors`)('logits.after_training.batch0');
  const { input_ids, attention_mask } = batches[0];
  const length = attention_mask[0].reduce((a: number, b: number) => a + b);
  const ids = input_ids[0].slice(0, length);
  return { base: base.split('/').at(-1), adapter: `train/${name}/adapter`, ids, logits, tied };
}

/** Made with PEFT 0.21.2, from random factors and rows. */
function random(name: string, tied: boolean): Case {
  const base = goldenJson(`beyond/${name}/adapter_config.json`).base_model_name_or_path;
  const logits = goldenTensors(`beyond/${name}/logits.safetensors`)('logits');
  return { base, adapter: `beyond/${name}`, ids: [1, 3, 5, 7, 20, 33], logits, tied };
}

const cases: Record<string, Case> = {
  'a saved output layer': trained('llama_untied_save_lm_head', false),
  'factors of embedding and output layer': trained('llama_untied_embed_head', false),
  'factors of an embedding that is the output layer too': trained('llama_tied_embed', false),
  'rows of single tokens, in both': random('tok_tied', true),
  'rows of single tokens, others in the output layer': random('tok_untied', false),
  'a saved embedding that was the output layer': random('save_tied', false),
  'factors of both, tied in training': random('lora_embed_ensure', false),
  'factors of an output layer that is the embedding': random('lora_head_tied', false),
};

const logitsOf = async (base: Base, ids: number[]) => {
  const model = await openModel(base, 1);
  const logits = await allLogits(model, ids, {});
  await model.dispose();
  return logits;
};

for (const [what, { base: name, adapter: folder, ids, logits, tied }] of Object.entries(cases))
  test(`${what}: a copy of the base has PEFT's logits to 1e-4; beside others it is refused with the command`, async () => {
    const base = await goldenBase(name);
    const adapter = await readAdapter(goldenPath(folder), 'whole');
    checkFits(base, adapter);
    const out = join(temporaryFolder(), 'copy');
    await writeMergedBase(base, [{ adapter, weight: 1 }], out);
    const copy = await loadBase(out);
    assert.equal(copy.config.tied, tied);
    const expected = logits.subarray(0, ids.length * base.config.vocab);
    assertClose(await logitsOf(copy, ids), expected, 1e-4);
    const plain = await logitsOf(base, ids);
    assert.ok(Math.max(...expected.map((x, i) => Math.abs(x - plain[i]!))) > 0.05, 'the adapter says something');
    const model = await openModel(base, 1);
    await assert.rejects(model.load(adapter), (e: WorkbenchError) => {
      assert.match(e.hint!, /multi-lora export RECIPE whole --format merged --out DIR, or multi-lora merge --adapter/);
      return e.code === 'unsupported';
    });
    await model.dispose();

    // Written as PEFT's folder and read again, it is the same.
    const { configJson, tensors } = adapterToPeft(adapter);
    const { config, problems } = parseAdapterConfig(configJson, 'x');
    assert.deepEqual(problems, []);
    const written = new Map(tensors.map(t => [t.name, { shape: t.shape, data: t.data as Float32Array }]));
    const again = adapterFromPeft(config, written, 'whole', 'x');
    assert.deepEqual(again.modules, adapter.modules);
    const kept = [...(adapter.own ?? [])].filter(([, { isCopy }]) => !isCopy);
    assert.deepEqual(again.own ?? new Map(), new Map(kept));
  });

function checkFits(base: Base, adapter: Adapter): void {
  checkFitsBase(adapter, base.config);
}

test('a base with added tokens, another embedding, and tensors that the base lacks are told', async () => {
  const base = await goldenBase('llama_tied');
  const refuses = (adapter: Adapter, message: RegExp, hint: RegExp) =>
    assert.throws(
      () => checkFits(base, adapter),
      (e: WorkbenchError) => message.test(e.message) && hint.test(e.hint!),
    );
  const saved = await readAdapter(goldenPath('beyond/save_tied'), 'saved');
  const whole = saved.own!.get('model.embed_tokens.weight')!;
  const larger = { shape: [130, 64], data: new Float32Array(130 * 64) };
  const withOwn = (name: string, tensor: OwnTensor) => ({
    ...saved,
    own: new Map([[name, tensor]]),
  });
  const added = /the base's vocabulary 128: it was trained on a base with added tokens/;
  refuses(withOwn('model.embed_tokens.weight', larger), added, /resize_token_embeddings/);
  refuses(withOwn('lm_head.weight', larger), added, /resize_token_embeddings/);
  refuses(
    withOwn('model.embed_tokens.weight', { shape: [1, 64], data: new Float32Array(64), rows: [128] }),
    /trains token 128, the base's vocabulary 128/,
    /resize_token_embeddings/,
  );
  refuses(withOwn('score.weight', whole), /has score\.weight, which the base does not have/, /another base/);
  refuses(
    withOwn('model.norm.weight', whole),
    /model\.norm\.weight is \[128,64\], the base's is \[64\]/,
    /another base/,
  );
  const head = await readAdapter(goldenPath('beyond/lora_head_tied'), 'head');
  const copy = head.own!.get('lm_head.weight')!;
  assert.equal(copy.isCopy, true);
  // One that was saved in another format is the base's all the same.
  const half = await halfBase('llama_tied', 'BF16');
  const out = join(temporaryFolder(), 'copy');
  await writeMergedBase(half, [{ adapter: head, weight: 1 }], out);
  const moved = { ...head, own: new Map([['lm_head.weight', { ...copy, data: copy.data.map(x => x + 0.1) }]]) };
  await assert.rejects(
    writeMergedBase(base, [{ adapter: moved, weight: 1 }], join(temporaryFolder(), 'copy')),
    /Adapter head: the lm_head\.weight that it was trained on is another than the base's; nothing was written/,
  );
});

test('what adapter_config.json asks for and the file lacks, and rows that it does not name, are refused', async () => {
  const text = (config: object) => parseAdapterConfig(JSON.stringify({ r: 4, ...config }), 'x').config;
  const rows = { shape: [2, 64], data: new Float32Array(128) };
  const q = 'base_model.model.model.layers.0.self_attn.q_proj';
  const factors: [string, FloatTensor][] = [
    [`${q}.lora_A.weight`, { shape: [4, 64], data: new Float32Array(256) }],
    [`${q}.lora_B.weight`, { shape: [64, 4], data: new Float32Array(256) }],
  ];
  const key = 'base_model.model.model.embed_tokens.token_adapter.trainable_tokens_delta';
  const load = (config: object, more: [string, FloatTensor][] = []) =>
    adapterFromPeft(text(config), new Map([...factors, ...more]), 'a', 'f');
  assert.throws(
    () => load({ modules_to_save: ['lm_head'] }),
    /says modules_to_save 'lm_head', of which its file holds/,
  );
  assert.throws(
    () => load({}, [[key, rows]]),
    /trainable_tokens_delta has the shape \[2,64\], adapter_config\.json names 0 tokens/,
  );
  assert.throws(() => load({ trainable_token_indices: [1] }, [[key, rows]]), /adapter_config\.json names 1 tokens/);
  assert.deepEqual(
    load({ trainable_token_indices: [9, 4] }, [[key, rows]]).own!.get('model.embed_tokens.weight')!.rows,
    [9, 4],
  );
  for (const wrong of ['x', [1.5], { embed_tokens: 3 }])
    assert.throws(
      () => text({ trainable_token_indices: wrong }),
      /trainable_token_indices must be a list of token ids/,
    );
  assert.throws(() => text({ bias: 'some' }), /bias must be 'none', 'all' or 'lora_only'/);
});
