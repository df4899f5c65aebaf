import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { distill, flatFactors } from '../../../src/engine/merging/distill.ts';
import type { FittedPart } from '../../../src/engine/merging/fitRegmean.ts';
import { openParameterSession } from '../../../src/engine/merging/parameterSession.ts';
import { readFloats } from '../../../src/engine/runtime/session.ts';
import { readAdapter } from '../../../src/experiment/adapterFiles.ts';
import { graphConfig } from '../../../src/experiment/base.ts';
import { buildDistillGraph, studentGroup } from '../../../src/nn/merge/distillGraph.ts';
import { mixedBatch } from '../../../src/nn/merge/fitLoop.ts';
import { stackFactors } from '../../../src/nn/merge/stackedFactors.ts';
import { hyperNames } from '../../../src/nn/train/adamw.ts';
import type { EncodedExample } from '../../../src/nn/train/assembleBatch.ts';
import { assertClose, assertSameBits } from '../../support/assertClose.ts';
import { goldenBase } from '../../support/goldenBase.ts';
import { goldenJson, goldenPath, goldenTensors } from '../../support/goldenFiles.ts';
import { temporaryFolder } from '../../support/temporaryFolder.ts';

const gold = goldenJson('gates/distillation/golden.json');
const tensor = goldenTensors('gates/distillation/golden.safetensors');
const peft = 'base_model.model.';

const rowsOf = ({ input_ids, attention_mask, labels }: (typeof gold)['batches'][number]): EncodedExample[] =>
  input_ids.map((ids: number[], row: number) => {
    const length = attention_mask[row].reduce((a: number, b: number) => a + b);
    return { ids: Int32Array.from(ids.slice(0, length)), labels: Int32Array.from(labels[row].slice(0, length)) };
  });

const still = new Float32Array(hyperNames.length).fill(1);

async function open() {
  const base = await goldenBase('llama_tied');
  const [a, b, student] = await Promise.all(
    ['train/llama_all/adapter', 'train/llama_domain_b/adapter', 'gates/distillation/student_init'].map((path, i) =>
      readAdapter(goldenPath(path), 'abs'[i]),
    ),
  );
  const layers = stackFactors([a!, b!]);
  const options = { config: graphConfig(base), tensors: base.tensors, layers, experts: 2, student: student! };
  return { base, adapters: [a!, b!], student: student!, options };
}

test('divergence from the teachers and its gradient are those of torch and PEFT', async () => {
  const { base, student, options } = await open();
  const group = studentGroup(base.config, student);
  const examples = rowsOf(gold.batches[0]).map((example, row) => ({ example, expert: row < 2 ? 0 : 1 }));
  const session = await openParameterSession({
    base,
    graph: buildDistillGraph({ ...options, labelShare: 0 }),
    group,
    start: flatFactors(base, student),
    threads: 1,
  });
  const { losses, out } = await session.step(mixedBatch(examples, 2), still);
  assertClose(losses, [gold.losses[0], 0], 1e-5, 'losses');
  const gradient = readFloats(out['student.gradient']!);
  let at = 0;
  for (const { name, shape } of group.tensors) {
    const size = shape[0]! * shape[1]!;
    // The scaling, 2, is in B here.
    const scaling = name.endsWith('lora_B.weight') ? 2 : 1;
    const found = gradient.slice(at, (at += size)).map(x => x * scaling);
    const expected = tensor(`grad.step1.${peft}${name}`);
    const gap = Math.hypot(...found.map((x, i) => x - expected[i]!));
    assert.ok(gap < 1e-4 * Math.hypot(...expected), `${name}: ${gap}`);
  }
  await session.dispose();
});

test('the labels’ share is their cross entropy under the student', async () => {
  const { base, student, options } = await open();
  const group = studentGroup(base.config, student);
  const [a] = options.layers.values();
  assert.equal(a!.owners.length, 16);
  const logits = tensor('teacher.logits.batch0');
  const rows = rowsOf(gold.batches[0]);
  // A student that is the teacher of its rows: the divergence is 0, and the cross entropy is the teacher's.
  const teacher = await readAdapter(goldenPath('train/llama_all/adapter'), 'a');
  const session = await openParameterSession({
    base,
    graph: buildDistillGraph({ ...options, labelShare: 0.5 }),
    group,
    start: flatFactors(base, teacher),
    threads: 1,
  });
  const examples = rows.slice(0, 2).map(example => ({ example, expert: 0 }));
  const { losses } = await session.step(mixedBatch(examples, 2), still);
  const [length, vocab] = [14, 128];
  const nats = rows.slice(0, 2).flatMap(({ labels }, row) =>
    [...labels].flatMap((label, t) => {
      if (t === 0 || label === -100) return [];
      const scores = logits.subarray((row * length + t - 1) * vocab, (row * length + t) * vocab);
      return [Math.log(scores.reduce((sum, x) => sum + Math.exp(x), 0)) - scores[label]!];
    }),
  );
  assertClose(losses, [0, (0.5 * nats.reduce((x, y) => x + y)) / nats.length], 1e-4, 'losses');
  await session.dispose();
});

test('distilling lowers what is minimised, at the chosen rank, to the same bits, stopped or not', async () => {
  const { base, adapters } = await open();
  const parts = adapters.map((adapter, i): FittedPart => {
    const examples = gold.batches.flatMap((b: never) => rowsOf(b).slice(2 * i, 2 * i + 2));
    return { adapter, weight: 1, examples };
  });
  const options = { base, parts, rank: 4, steps: 12, firstExamples: 5, shrinkage: 0, seed: 1 };
  const read: number[] = [];
  const startWatch = { progress: (texts: number) => void read.push(texts) };
  const first = await distill(options, { threads: 1, watch: {}, startWatch });
  assert.equal(read.at(-1), 10, 'the texts that the start is fitted to');
  const place = { path: join(temporaryFolder(), 'merge~both.safetensors'), of: 'base and adapters' };
  const stop = new AbortController();
  const progress = (step: number) => step === 5 && stop.abort(new Error('enough'));
  await assert.rejects(distill(options, { threads: 1, watch: { signal: stop.signal, progress }, place }), /enough/);
  const taken: number[] = [];
  const second = await distill(options, { threads: 1, watch: { progress: step => void taken.push(step) }, place });
  assert.equal(taken[0], 6);
  assert.ok(first.fit.loss! < first.fit.firstLoss!, JSON.stringify(first.fit));
  assert.equal(first.adapter.config.rank, 4);
  for (const [path, { A, B }] of first.adapter.modules) {
    assert.equal(A.rows, 4);
    assertSameBits(second.adapter.modules.get(path)!.B.data, B.data, path);
  }
});
