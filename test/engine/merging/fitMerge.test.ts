import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { distilledFit } from '../../../src/engine/merging/distill.ts';
import { fitFingerprint } from '../../../src/engine/merging/fitCheckpoint.ts';
import { fitArithmetic } from '../../../src/engine/merging/fitMerge.ts';
import type { ParameterFit } from '../../../src/engine/merging/fitParameters.ts';
import { type FittedPart, fitRegmean } from '../../../src/engine/merging/fitRegmean.ts';
import { learnedFit } from '../../../src/engine/merging/learnWeights.ts';
import { openParameterSession } from '../../../src/engine/merging/parameterSession.ts';
import { int8Support } from '../../../src/engine/runtime/int8Support.ts';
import { readFloats } from '../../../src/engine/runtime/session.ts';
import { withInt8Codes } from '../../../src/engine/training/int8Base.ts';
import { readAdapter } from '../../../src/experiment/adapterFiles.ts';
import type { Base } from '../../../src/experiment/base.ts';
import { mixedBatch } from '../../../src/nn/merge/fitLoop.ts';
import { hyperNames } from '../../../src/nn/train/adamw.ts';
import { groupSize } from '../../../src/nn/train/trainGraph.ts';
import { goldenBase } from '../../support/goldenBase.ts';
import { goldenJson, goldenPath } from '../../support/goldenFiles.ts';
import { temporaryFolder } from '../../support/temporaryFolder.ts';

const gold = goldenJson('gates/distillation/golden.json');
const cacheFolder = temporaryFolder();
let isExact = false;
let stored: Base;
let coded: Base;
let parts: FittedPart[];

before(async () => {
  ({ isExact } = await int8Support(1));
  stored = await goldenBase('llama_tied');
  coded = await withInt8Codes(stored, { cacheFolder, threads: 1 });
  parts = await Promise.all(
    ['llama_all', 'llama_domain_b'].map(async (name, expert) => ({
      adapter: await readAdapter(goldenPath(`train/${name}/adapter`), name),
      weight: 1,
      examples: gold.batches.flatMap(({ input_ids, labels }: (typeof gold)['batches'][number]) =>
        input_ids.slice(2 * expert, 2 * expert + 2).map((ids: number[], row: number) => ({
          ids: Int32Array.from(ids),
          labels: Int32Array.from(labels[2 * expert + row]),
        })),
      ),
    })),
  );
});

/** Operators, loss and gradient of a fit's first step, from the start of the fit in F32. */
async function firstStep(fit: ParameterFit, start: Float32Array) {
  const session = await openParameterSession({ ...fit, threads: 1, start });
  const idle = new Float32Array(hyperNames.length).fill(1);
  const { losses, out } = await session.step(mixedBatch(fit.examples, fit.experts), idle);
  await session.dispose();
  const operators = new Set(fit.graph.nodes.map(node => node.op));
  const gradient = readFloats(out[`${fit.group.name}.gradient`]!).slice();
  return { operators, loss: losses.reduce((a, b) => a + b, 0), gradient };
}

test('weights and students learn in 8 bits as in F32: losses, and gradients in direction and size', async t => {
  if (!isExact) return t.skip('this processor cuts off sums of products in 8 bits');
  const fits: Record<string, (base: Base) => ParameterFit> = {
    learned: base => learnedFit({ base, parts, per: 'direction', epochs: 1, seed: 1 }),
    distilled: base => distilledFit({ base, parts, rank: 4, steps: 2, firstExamples: 4, shrinkage: 0, seed: 1 }),
  };
  for (const [method, fitOf] of Object.entries(fits)) {
    const [inFloat, inIntegers] = [fitOf(stored), fitOf(coded)];
    const start = Float32Array.from({ length: groupSize(inFloat.group) }, (_, i) => 0.3 + 0.2 * Math.sin(i));
    const [float, int8] = [await firstStep(inFloat, start), await firstStep(inIntegers, start)];
    assert.ok(int8.operators.has('MatMulIntegerToFloat') && !float.operators.has('MatMulIntegerToFloat'), method);
    assert.ok(Math.abs(int8.loss / float.loss - 1) < 0.02, `${method}: ${int8.loss} for ${float.loss}`);
    const dot = float.gradient.reduce((sum, x, i) => sum + x * int8.gradient[i]!, 0);
    const [a, b] = [Math.hypot(...float.gradient), Math.hypot(...int8.gradient)];
    assert.ok(dot / (a * b) > 0.99, `${method}: cosine ${dot / (a * b)}`);
    assert.ok(Math.abs(b / a - 1) < 0.05, `${method}: norm ${b} for ${a}`);
    // What one arithmetic has begun, the other does not go on with.
    assert.notEqual(fitFingerprint('x', inFloat), fitFingerprint('x', inIntegers));
  }
});

test('regmean in 8 bits is as near to the experts as in F32', async t => {
  if (!isExact) return t.skip('this processor cuts off sums of products in 8 bits');
  const errors = [];
  for (const base of [stored, coded])
    errors.push((await fitRegmean({ base, parts, shrinkage: 0, threads: 1, watch: {} })).fit.outputError!);
  assert.ok(Math.abs(errors[1]! / errors[0]! - 1) < 0.05, `${errors}`);
});

test('a merge is fitted in F32 where an expert asks for it, or where the base is too narrow to gain', async () => {
  const wish = (arithmetic: string) => ({ experts: { llama_all: { training: { arithmetic } } } });
  const of = (arithmetic: string) => fitArithmetic({ recipe: wish(arithmetic) } as never, wide, parts, options);
  const wide = { ...stored, config: { ...stored.config, dim: 512 } };
  const options = { threads: 1, cacheFolder };
  const { isFast } = await int8Support(1);
  assert.equal(await of('float'), 'float');
  assert.equal(await of('auto'), isFast ? 'int8' : 'float');
  assert.equal(await fitArithmetic({ recipe: wish('auto') } as never, stored, parts, options), 'float');
});
