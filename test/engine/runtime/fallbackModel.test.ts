import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fallbackModel } from '../../../src/engine/runtime/fallbackModel.ts';
import { generate } from '../../../src/engine/runtime/generate.ts';
import type { Model } from '../../../src/engine/runtime/model.ts';
import { openModel } from '../../../src/engine/runtime/openModel.ts';
import { createSession } from '../../../src/engine/runtime/session.ts';
import { Graph } from '../../../src/nn/graph/graph.ts';
import { generationSettings } from '../../../src/recipe/schema.ts';
import { goldenBase } from '../../support/goldenBase.ts';

/** What the runtime says of a run that it refuses. */
async function refusal(): Promise<Error> {
  const g = new Graph();
  g.output('y', g.input('x', 'float32', [1]));
  const session = await createSession(g, { threads: 1 });
  const error = await session.run({}).then(
    () => assert.fail('it ran'),
    (e: Error) => e,
  );
  await session.dispose();
  return error;
}

const rows = [4, 9, 4].map((maxTokens, i) => ({
  messages: [{ role: 'user' as const, content: 'abcdefgh'.slice(2 * i) }],
  weights: {},
  settings: generationSettings.parse({ maxTokens }),
}));

for (const failsAt of [0, 1, 3, 6])
  test(`a device that gives up at run ${failsAt}: the answers are the CPU's, and nothing is said twice`, async () => {
    const base = await goldenBase('llama_tied');
    const cpu = await openModel(base, 1);
    const expected = (await generate(cpu, rows)).answers;

    const error = await refusal();
    const inner = await openModel(base, 1);
    let runs = 0;
    // The cache is a GPU's: what it holds is lost with the device.
    const device: Model = {
      ...inner,
      device: 'webgpu',
      async run(tokens, past, weights, cache, all) {
        if (runs++ !== failsAt) return inner.run(tokens, past, weights, cache, all);
        for (const tensor of Object.values(cache.feeds)) (tensor.data as Float32Array).fill(7);
        throw error;
      },
    };
    const failures: unknown[] = [];
    const model = fallbackModel(device, { device: 'webgpu', halfFloats: false, failed: e => failures.push(e) }, () =>
      openModel(base, 1),
    );
    const heard = rows.map(() => '');
    const { answers } = await generate(
      model,
      rows.map((row, i) => ({
        ...row,
        onText: delta => {
          heard[i] += delta;
        },
      })),
    );
    assert.deepEqual(answers, expected);
    assert.deepEqual(
      heard,
      expected.map(a => a.text),
    );
    assert.deepEqual(failures, [error]);
    assert.equal(model.device, 'cpu');
    await model.dispose();
    await cpu.dispose();
  });

test('an error that is not the runtime’s is passed on', async () => {
  const base = await goldenBase('llama_tied');
  const inner = await openModel(base, 1);
  const device: Model = {
    ...inner,
    device: 'webgpu',
    run: async () => {
      throw new Error('a mistake of ours');
    },
  };
  const use = { device: 'webgpu' as const, halfFloats: false, failed: () => assert.fail('the device is not to blame') };
  await assert.rejects(
    generate(
      fallbackModel(device, use, () => openModel(base, 1)),
      rows,
    ),
    /a mistake of ours/,
  );
  await inner.dispose();
});
