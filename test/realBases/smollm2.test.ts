import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestOptions, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { generate } from '../../src/engine/runtime/generate.ts';
import { allLogits } from '../../src/engine/runtime/model.ts';
import { openModel } from '../../src/engine/runtime/openModel.ts';
import { openTrainSessions } from '../../src/engine/training/trainBackend.ts';
import { readAdapter } from '../../src/experiment/adapterFiles.ts';
import { loadBase } from '../../src/experiment/base.ts';
import { linearLayers } from '../../src/nn/model/layout.ts';
import { hyperVector } from '../../src/nn/train/adamw.ts';
import { assembleBatch, type EncodedExample } from '../../src/nn/train/assembleBatch.ts';
import { expertGroup } from '../../src/nn/train/trainGraph.ts';
import { generationSettings } from '../../src/recipe/schema.ts';
import { readTensors } from '../nn/lora/golden.ts';
import { assertClose } from '../support/assertClose.ts';
import { temporaryFolder } from '../support/temporaryFolder.ts';

/*
 * SmolLM2-135M-Instruct in GGUF (Q4_1, 98 MB), against what transformers and PEFT compute with the same weights. The
 * folder that MULTI_LORA_REAL_BASES names has the file and, in `golden`, their numbers.
 */
const folder = process.env.MULTI_LORA_REAL_BASES ?? '';
const gguf = join(folder, 'SmolLM2-135M-Instruct.Q4_1.gguf');
const isThere = folder !== '' && existsSync(gguf) && existsSync(join(folder, 'golden'));
const options: TestOptions = { skip: !isThere && 'MULTI_LORA_REAL_BASES names no folder with SmolLM2 and its numbers' };

const golden = () => JSON.parse(readFileSync(join(folder, 'golden/golden.json'), 'utf8'));
const goldenLogits = (name: string) =>
  readTensors(pathToFileURL(join(folder, 'golden/golden.safetensors'))).get(`logits.${name}.last8`)!.data;
const cacheFolder = isThere ? temporaryFolder() : '';
const open = () => loadBase(gguf, { cacheFolder });

test(
  "a real base in GGUF: logits to 1e-3 and greedy answers of transformers, and of PEFT's own adapter",
  options,
  async () => {
    const { probe, greedy } = golden();
    const base = await open();
    const model = await openModel(base, 2);
    const adapter = await readAdapter(join(folder, 'golden/trained'), 'trained');
    model.bank.load(adapter);
    const last = async (weights: Record<string, number>) =>
      (await allLogits(model, probe, weights)).slice(-8 * base.config.vocab);
    assertClose(await last({}), goldenLogits('base'), 1e-3, 'logits of the base');
    assertClose(await last({ trained: 1 }), goldenLogits('trained'), 2e-3, 'logits with the adapter');
    const settings = generationSettings.parse({ maxTokens: 48 });
    for (const [prompt, { prompt_ids, ids }] of Object.entries<{ prompt_ids: number[]; ids: number[] }>(greedy)) {
      const messages = [{ role: 'user' as const, content: prompt }];
      const { answers } = await generate(model, [{ messages, weights: {}, settings }]);
      const wanted = base.text().tokenizer.decode(ids.filter(id => !base.text().stopIds.includes(id)));
      assert.equal(answers[0]!.text, wanted, prompt);
      assert.equal(answers[0]!.promptTokens, prompt_ids.length);
    }
    await model.dispose();
  },
);

test("a real base in GGUF: the first steps of training with PEFT's factors, losses to 1e-3", options, async () => {
  const { batches, losses, gradient_norms, lr, rank, alpha } = golden();
  const base = await open();
  const targets = linearLayers(base.config)
    .filter(l => ['q_proj', 'v_proj'].includes(l.name))
    .map(l => l.path);
  const expert = { name: 'e', rank, targets };
  const { modules } = await readAdapter(join(folder, 'golden/initial'), 'initial');
  const parameter = Float32Array.from(
    expertGroup(base.config, expert).tensors.flatMap(t => {
      const [, module, factor] = /^(.+)\.lora_([AB])\.weight$/.exec(t.name)!;
      return [...modules.get(module!)![factor as 'A' | 'B'].data];
    }),
  );
  const zeros = new Float32Array(parameter.length);
  const sessions = await openTrainSessions({
    base,
    experts: [{ ...expert, seed: 1, dropout: 0 }],
    accumulates: false,
    threads: 2,
    recompute: false,
    from: new Map([['e', { parameter, m: zeros, v: zeros, best: parameter }]]),
  });
  const settings = { learningRate: lr, weightDecay: 0, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, maxNorm: 0 };
  const steps = Number(process.env.MULTI_LORA_REAL_STEPS ?? 2);
  for (let step = 1; step <= steps; step++) {
    const examples = batches[(step - 1) % batches.length].map(
      ({ input_ids, labels }: { input_ids: number[]; labels: number[] }): EncodedExample => ({
        ids: Int32Array.from(input_ids),
        labels: Int32Array.from(labels),
      }),
    );
    const batch = assembleBatch([{ expert: 0, scaling: alpha / rank, examples, share: 1 }], 1);
    const { losses: found, norms } = await sessions.step(batch, 0, new Map([['e', hyperVector(settings, lr, step)]]));
    assertClose([found[0]!], [losses[step - 1]], 1e-3, `loss of step ${step}`);
    assertClose([norms.get('e')! / gradient_norms[step - 1]], [1], 1e-3, `gradient norm of step ${step}`);
  }
  await sessions.dispose();
});
