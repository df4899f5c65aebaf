import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSession, floats, int64s, readFloats } from '../../../src/engine/runtime/session.ts';
import { openTrainSessions } from '../../../src/engine/training/trainBackend.ts';
import { trainedAdapter } from '../../../src/engine/training/trainedAdapter.ts';
import { expertScaling, trainedExpert } from '../../../src/engine/training/trainedExpert.ts';
import { readAdapter } from '../../../src/experiment/adapterFiles.ts';
import type { ExpertState } from '../../../src/experiment/checkpoints.ts';
import { constantMemory } from '../../../src/nn/memory/graphMemory.ts';
import { externalWeights } from '../../../src/nn/model/baseWeights.ts';
import { linearLayers } from '../../../src/nn/model/layout.ts';
import { longTextsAbove } from '../../../src/nn/model/rope.ts';
import { hyperVector } from '../../../src/nn/train/adamw.ts';
import { assembleBatch, type Batch, type EncodedExample } from '../../../src/nn/train/assembleBatch.ts';
import { buildNormGraph } from '../../../src/nn/train/normGraph.ts';
import { sessionGraph } from '../../../src/nn/train/sessionGraph.ts';
import { buildTrainGraph, expertGroup, groupSize } from '../../../src/nn/train/trainGraph.ts';
import type { WorkbenchError } from '../../../src/protocol/errors.ts';
import { loraSettings } from '../../../src/recipe/schema.ts';
import { assertClose, assertSameBits } from '../../support/assertClose.ts';
import { goldenBase, halfBase } from '../../support/goldenBase.ts';
import { goldenJson, goldenPath, goldenTensors } from '../../support/goldenFiles.ts';

const peft = 'base_model.model.';

/** One case of golden/train: what is trained, on what, and from where. */
async function openCase(name: string) {
  const gold = goldenJson(`train/${name}/golden.json`);
  const tensor = goldenTensors(`train/${name}/golden.safetensors`);
  const final = goldenTensors(`train/${name}/adapter/adapter_model.safetensors`);
  const base = await goldenBase(gold.base.split('/').at(-1));
  const targets = linearLayers(base.config)
    .filter(l => gold.target_modules.includes(l.name))
    .map(l => l.path);
  const settings = {
    rank: gold.r,
    alpha: gold.lora_alpha,
    rslora: gold.use_rslora,
    dora: gold.use_dora,
    bias: gold.bias,
    rankPattern: gold.rank_pattern,
    alphaPattern: gold.alpha_pattern,
  };
  const lora = loraSettings.parse(settings);
  const scaling = expertScaling(lora);
  const expert = trainedExpert('e', lora, targets, { loraPlusRatio: gold.optimizer.loraplus_lr_ratio });
  const { tensors } = expertGroup(base.config, expert);
  const flat = (read: (name: string) => Float32Array) =>
    Float32Array.from(tensors.flatMap(t => [...read(peft + t.name)]));
  const accumulation: number = gold.optimizer.gradient_accumulation;
  const batch = (index: number): Batch => {
    const { input_ids, attention_mask, labels } = gold.batches[index];
    const examples = input_ids.map((ids: number[], row: number): EncodedExample => {
      const length = attention_mask[row].reduce((a: number, b: number) => a + b);
      return { ids: Int32Array.from(ids.slice(0, length)), labels: Int32Array.from(labels[row].slice(0, length)) };
    });
    return assembleBatch([{ expert: 0, scaling, examples, share: 1 / accumulation }], 1);
  };
  const initial = flat(key => tensor(`init.${key}`));
  return { gold, tensor, base, lora, expert, flat, batch, accumulation, initial, final: () => flat(final) };
}

const state = (parameter: Float32Array): ExpertState => ({
  parameter,
  m: new Float32Array(parameter.length),
  v: new Float32Array(parameter.length),
  best: parameter,
});

const caseNames = [
  'llama_all',
  'llama_qv',
  'llama_all_wd',
  'llama_all_clip',
  'qwen2_all',
  'qwen2_qv',
  'qwen2_all_wd_clip_rslora',
  'llama_qv_accum_lineardecay',
  'dora_llama_all',
  'dora_qwen2_all',
  'llama_loraplus',
  'llama_patterns',
  'qwen2_qv_bias_all',
  'qwen2_qv_bias_lora_only',
];
/** One for each family and for what sets others of it apart, all linear layers. */
const familyCases = [
  'mistral_window8_all',
  'qwen2_window_layers_all',
  'qwen3_yarn_all',
  'llama_yarn_all',
  'gemma2_all',
  'gemma3_all',
  'smollm3_all',
  'phi3_longrope_partial_all',
  'olmo2_all',
  'granite_all',
  'granitemoehybrid_all',
  'cohere2_all',
  'starcoder2_all',
  'gptneox_all',
];

for (const [name, recompute] of [
  ...[...caseNames, ...familyCases].map(name => [name, false] as const),
  ['llama_all', true] as const,
  ['qwen2_all_wd_clip_rslora', true] as const,
  ['gemma3_all', true] as const,
  ['phi3_longrope_partial_all', true] as const,
  ['olmo2_all', true] as const,
  ['cohere2_all', true] as const,
  ['gptneox_all', true] as const,
  ['dora_llama_all', true] as const,
])
  test(`${name}${recompute ? ', activations computed again' : ''}: ten steps with PEFT and torch's AdamW, losses to 5e-5, norms to 1e-5, final factors`, async () => {
    const { gold, base, expert, batch, accumulation, initial, final } = await openCase(name);
    const sessions = await openTrainSessions({
      base,
      experts: [{ ...expert, seed: 1, dropout: 0 }],
      accumulates: accumulation > 1,
      threads: 1,
      recompute,
      from: new Map([['e', state(initial)]]),
    });
    const { lr, betas, eps, weight_decay, max_grad_norm } = gold.optimizer;
    const settings = {
      learningRate: lr,
      weightDecay: weight_decay,
      beta1: betas[0],
      beta2: betas[1],
      epsilon: eps,
      maxNorm: max_grad_norm ?? 0,
    };
    for (const step of gold.steps) {
      const batches: Batch[] = step.batches.map(batch);
      let loss = 0;
      for (const b of batches.slice(0, -1)) loss += (await sessions.accumulate(b, 0))[0]!;
      const { losses, norms } = await sessions.step(
        batches.at(-1)!,
        0,
        new Map([['e', hyperVector(settings, step.lr, step.step)]]),
      );
      loss += losses[0]!;
      assertClose([loss], [step.loss], 5e-5, `loss of step ${step.step}`);
      assertClose([norms.get('e')! / step.grad_norm_before_clip], [1], 1e-5, `gradient norm of step ${step.step}`);
    }
    const expected = final();
    const found = (await sessions.state('e')).parameter;
    assertClose(found, expected, 2e-4, 'final factors');
    // What a key's bias adds to the scores hardly depends on the key where rotation is slow: its gradient is rounding, which
    // AdamW makes a step of.
    const isKeyBias = expertGroup(base.config, expert).tensors.flatMap(({ name, shape }) =>
      new Array<boolean>(shape.reduce((a, b) => a * b, 1)).fill(name.includes('k_proj') && name.endsWith('.bias')),
    );
    const gaps = found
      .map((x, i) => Math.abs(x - expected[i]!))
      .filter((_, i) => !isKeyBias[i])
      .sort();
    assert.ok(gaps.reduce((a, b) => a + b) / gaps.length <= 1e-6, 'mean gap of the final factors');
    assert.ok(gaps[Math.floor(0.999 * gaps.length)]! <= 1e-5, '99.9th percentile of the gaps of the final factors');
    const [evaluated] = await sessions.evaluate(batch(0));
    assertClose([evaluated! * accumulation], [gold.final_loss_batch0_eval], 5e-5, 'loss after training');
    await sessions.dispose();
  });

for (const dtype of ['F16', 'BF16'] as const)
  test(`${dtype} weights widened for each product: the same bits as weights that are widened once`, async () => {
    const base = await halfBase('qwen2_tied', dtype);
    const targets = linearLayers(base.config).map(l => l.path);
    const { gold, batch } = await openCase('qwen2_all');
    const settings = { learningRate: 1e-2, weightDecay: 0, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, maxNorm: 1 };
    const trained = [false, true].map(async upcastsAtUse => {
      const sessions = await openTrainSessions({
        base,
        experts: [{ name: 'e', rank: 4, targets, seed: 1, dropout: 0 }],
        accumulates: false,
        threads: 1,
        recompute: true,
        upcastsAtUse,
      });
      for (const step of gold.steps.keys()) {
        const rates = new Map([['e', hyperVector(settings, 1e-2, step + 1)]]);
        await sessions.step(batch(gold.steps[step].batches[0]), 0, rates);
      }
      const { parameter } = await sessions.state('e');
      await sessions.dispose();
      return parameter;
    });
    const [once, each] = await Promise.all(trained);
    assertSameBits(each!, once!);
    const options = { config: base.config, tensors: base.tensors, accumulates: false };
    const experts = [{ name: 'e', rank: 4, targets, dropout: 0 }];
    const held = [false, true].map(upcastsAtUse =>
      constantMemory(sessionGraph({ ...options, experts, upcastsAtUse }, 'step')),
    );
    const weights = linearLayers(base.config).reduce((sum, l) => sum + l.in * l.out, 0);
    // Besides them there are the sizes of what they are reshaped to.
    assertClose([(held[0]! - held[1]!) / (2 * weights)], [1], 1e-3);
  });

for (const [name, halfActivations, most] of [
  ['llama_all', false, 1e-5],
  ['qwen2_all', false, 1e-5],
  ['llama_all', true, 1e-3],
  ['qwen2_all', true, 1e-3],
  ['gemma2_all', true, 1e-3],
  ['phi3_longrope_partial_all', true, 1e-3],
  ...familyCases.map(name => [name, false, 1e-5] as const),
  // After one step of Adam from zero, B holds little but rounding: PEFT itself differs by 2.5e-4 from double precision.
  ['dora_llama_all', false, 1e-3],
] as const)
  test(`${name}${halfActivations ? ', activations in halves' : ''}: every factor's gradient in steps 1 and 2 is PEFT's, to a relative error of ${most}`, async () => {
    const { base, expert, batch, initial, flat, tensor, gold } = await openCase(name);
    const graph = buildTrainGraph({
      config: base.config,
      experts: [expert],
      weights: g => externalWeights(g, base.tensors),
      phase: 'accumulate',
      dropout: false,
      halfActivations,
    });
    const session = await createSession(graph, { folder: base.folder, threads: 1 });
    const { dora } = expert;
    const ofNorms =
      dora &&
      (await createSession(buildNormGraph(base.config, base.tensors, { ...expert, dora }), {
        folder: base.folder,
        threads: 1,
      }));
    const { lr, eps } = gold.optimizer;
    // Where the reference stood: Adam turns a gradient near zero into a step of up to lr, whose sign is rounding, so the
    // second gradient is compared at the reference's own parameters. (Our steps are the ten of the tests above.)
    const firstGradient = flat(key => tensor(`grad.step1.${key}`));
    const stepped = initial.map((p, i) => p - (lr * firstGradient[i]!) / (Math.abs(firstGradient[i]!) + eps));
    for (const step of [1, 2]) {
      const b = batch(gold.steps[step - 1].batches[0]);
      const m = b.labels.length;
      const parameter = step === 1 ? initial : stepped;
      const out = await session.run({
        e: floats(parameter, [parameter.length]),
        'e.sum': floats(new Float32Array(parameter.length), [parameter.length]),
        ids: int64s(b.ids, [b.rows, b.length]),
        ...(longTextsAbove(base.config) ? { firstPositions: int64s(new Int32Array(b.rows), [b.rows, 1]) } : {}),
        gate: floats(b.gate, [b.rows, 1]),
        lossRows: int64s(b.lossRows, [m]),
        labels: int64s(b.labels, [m]),
        lossWeights: floats(b.lossWeights, [m, 1]),
        ...(ofNorms && {
          'e.norms': (await ofNorms.run({ factors: floats(parameter, [parameter.length]) })).norms!,
        }),
      });
      const gradient = readFloats(out['e.sum.out']!);
      let at = 0;
      for (const t of expertGroup(base.config, expert).tensors) {
        const expected = tensor(`grad.step${step}.${peft}${t.name}`);
        const own = gradient.subarray(at, at + expected.length);
        at += expected.length;
        const norm = Math.hypot(...expected);
        const error = Math.hypot(...expected.map((x, i) => x - own[i]!));
        // B starts at zero, so the gradient of A is exactly zero in the first step.
        assert.ok(error <= most * norm, `step ${step}, ${t.name}: relative error ${error / norm}`);
      }
      assert.equal(at, gradient.length);
    }
    await session.dispose();
    await ofNorms?.dispose();
  });

test('patterns give every layer the rank and the scaling that PEFT gives it, in training and in the adapter', async () => {
  const { gold, base, lora, expert, final } = await openCase('llama_patterns');
  const scaling = expertScaling(lora);
  const { modules } = trainedAdapter(base, { name: 'e', lora, targets: expert.targets }, final());
  const theirs = await readAdapter(goldenPath('train/llama_patterns/adapter'));
  assert.equal(Object.keys(gold.resolved).length, 14);
  for (const [path, { r, scaling: wanted }] of Object.entries<{ r: number; scaling: number }>(gold.resolved)) {
    assert.equal(expert.ranks?.[path] ?? expert.rank, r, path);
    assert.ok(Math.abs(scaling * (expert.ratios?.[path] ?? 1) - wanted) < 1e-12, path);
    assert.deepEqual(modules.get(path), theirs.modules.get(path));
  }
});

test('a checkpoint of other settings is refused with both sizes', async () => {
  const base = await goldenBase('llama_tied');
  const expert = { name: 'math', rank: 2, targets: ['model.layers.0.self_attn.q_proj'], seed: 1, dropout: 0 };
  const size = groupSize(expertGroup(base.config, expert));
  assert.equal(size, 2 * 64 + 64 * 2);
  await assert.rejects(
    openTrainSessions({
      base,
      experts: [expert],
      accumulates: false,
      threads: 1,
      from: new Map([['math', state(new Float32Array(3))]]),
    }),
    (e: WorkbenchError) =>
      e.code === 'mismatch' && e.message.includes("'math' holds 3 numbers, its settings imply 256"),
  );
});

const row = (ids: number[]): EncodedExample => ({ ids: Int32Array.from(ids), labels: Int32Array.from(ids) });
const adamSettings = { learningRate: 1, weightDecay: 0.1, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, maxNorm: 1 };

test("a step that names one expert leaves the other's parameters and moments bit for bit", async () => {
  const base = await goldenBase('llama_tied');
  const paths = linearLayers(base.config).map(l => l.path);
  const experts = [
    { name: 'a', rank: 4, targets: paths, seed: 1, dropout: 0 },
    { name: 'b', rank: 2, targets: paths.slice(0, 3), seed: 2, dropout: 0 },
  ];
  const sessions = await openTrainSessions({ base, experts, accumulates: false, threads: 1 });
  const batch = assembleBatch(
    [0, 1].map(expert => ({ expert, scaling: 2, examples: [row([1, 5, 9, 20])], share: 1 })),
    2,
  );
  const hyper = (step: number) => hyperVector(adamSettings, 1e-2, step);
  await sessions.step(
    batch,
    0,
    new Map([
      ['a', hyper(1)],
      ['b', hyper(1)],
    ]),
  );
  const before = structuredClone(await sessions.state('b'));
  const moved = structuredClone((await sessions.state('a')).parameter);
  await sessions.step(batch, 0, new Map([['a', hyper(2)]]));
  for (const part of ['parameter', 'm', 'v', 'best'] as const)
    assertSameBits((await sessions.state('b'))[part], before[part], part);
  assert.notDeepEqual((await sessions.state('a')).parameter, moved);
  await sessions.dispose();
});

test("experts that train biases share a batch with others: each has the gradients that it has alone; biases begin as the base's and do not decay", async () => {
  const base = await goldenBase('qwen2_tied');
  const targets = linearLayers(base.config)
    .filter(l => ['q_proj', 'v_proj'].includes(l.name))
    .map(l => l.path);
  const plain = { rank: 4, targets, dropout: 0 };
  const experts = [
    { ...plain, name: 'own', seed: 1, bias: 'lora_only' as const },
    { ...plain, name: 'every', seed: 2, bias: 'all' as const },
    { ...plain, name: 'none', seed: 3 },
  ];
  const settings = { ...adamSettings, weightDecay: 0.5 };
  const hyper = hyperVector(settings, 0, 1);
  const parts = experts.map((_, i) => ({
    scaling: 2,
    examples: [row([1, 5 + i, 9, 20]), row([1, 7, 30 - i, 4, 11])],
    share: 1,
  }));
  const together = await openTrainSessions({ base, experts, accumulates: false, threads: 1 });
  const batch = assembleBatch(
    parts.map((part, expert) => ({ ...part, expert })),
    3,
  );
  const { losses } = await together.step(batch, 0, new Map(experts.map(e => [e.name, hyper])));
  for (const [i, expert] of experts.entries()) {
    const alone = await openTrainSessions({ base, experts: [expert], accumulates: false, threads: 1 });
    const own = assembleBatch([{ ...parts[i]!, expert: 0 }], 1);
    const step = await alone.step(own, 0, new Map([[expert.name, hyper]]));
    assertClose([losses[i]!], step.losses, 1e-5, `loss of ${expert.name}`);
    const [expected, found] = [await alone.state(expert.name), await together.state(expert.name)];
    assertClose(found.m, expected.m, 1e-6, `gradients of ${expert.name}`);
    await alone.dispose();
  }
  await together.dispose();

  // At a rate of 1, and with no step to speak of, all but biases decay by half.
  const [first] = experts;
  const { tensors } = expertGroup(base.config, first!);
  const biases = tensors.filter(t => t.name.endsWith('.bias'));
  assert.equal(biases.length, targets.length);
  const sessions = await openTrainSessions({ base, experts: [first!], accumulates: false, threads: 1 });
  const before = Float32Array.from((await sessions.state('own')).parameter);
  const still = hyperVector({ ...settings, epsilon: 1e30 }, 1, 1);
  await sessions.step(assembleBatch([{ ...parts[0]!, expert: 0 }], 1), 0, new Map([['own', still]]));
  const after = (await sessions.state('own')).parameter;
  const biasSize = biases.reduce((sum, t) => sum + t.shape[0]!, 0);
  const border = before.length - biasSize;
  assertClose(
    after.slice(0, border),
    before.slice(0, border).map(x => x / 2),
    1e-6,
    'factors',
  );
  assertClose(after.slice(border), before.slice(border), 1e-6, 'biases');
  assert.ok(
    before.slice(border).some(x => Math.abs(x) > 0.05),
    "they begin as the base's",
  );
  await sessions.dispose();
});

test('dropout changes the gradient, and repeats with the seed', async () => {
  const base = await goldenBase('llama_tied');
  const [target] = linearLayers(base.config).map(l => l.path);
  const open = (dropout: number) =>
    openTrainSessions({
      base,
      experts: [{ name: 'a', rank: 8, targets: [target!], seed: 1, dropout }],
      accumulates: false,
      threads: 1,
    });
  const batch = assembleBatch([{ expert: 0, scaling: 2, examples: [row([1, 5, 9, 20, 7, 3])], share: 1 }], 1);
  const norm = async (dropout: number, seed: number) => {
    const sessions = await open(dropout);
    const { norms } = await sessions.step(batch, seed, new Map([['a', hyperVector(adamSettings, 1e-3, 1)]]));
    await sessions.dispose();
    return norms.get('a')!;
  };
  const [none, once, twice, other] = [await norm(0, 1), await norm(0.5, 1), await norm(0.5, 1), await norm(0.5, 2)];
  assert.equal(once, twice);
  assert.notEqual(once, other);
  assert.notEqual(once, none);
});
