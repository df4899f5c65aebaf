import { allLogits } from '../../src/engine/runtime/model.ts';
import { openModel } from '../../src/engine/runtime/openModel.ts';
import { quantizeBase } from '../../src/engine/runtime/quantizedBase.ts';
import { openTrainSessions } from '../../src/engine/training/trainBackend.ts';
import { linearLayers } from '../../src/nn/model/layout.ts';
import { hyperVector } from '../../src/nn/train/adamw.ts';
import { assembleBatch } from '../../src/nn/train/assembleBatch.ts';
import type { Device } from '../../src/protocol/device.ts';
import { goldenBase } from './goldenBase.ts';
import { sequenceExamples } from './sequenceExamples.ts';
import { temporaryFolder } from './temporaryFolder.ts';

/*
 * A program that computes on the CPU and on WebGPU over quantised bases, and prints one line of JSON for each: logits,
 * and the losses of training steps. It runs in a process of its own, whose environment names the Vulkan driver.
 */

const settings = { learningRate: 1e-2, weightDecay: 0, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, maxNorm: 1 };
const cacheFolder = temporaryFolder();

for (const quantization of ['int8', 'int4'] as const) {
  const base = await quantizeBase(await goldenBase('qwen2_tied'), { quantization, cacheFolder });
  const logits: number[][] = [];
  const losses: number[][] = [];
  for (const device of ['cpu', 'webgpu'] as Device[]) {
    const use = {
      device,
      halfFloats: false,
      failed(error: unknown): never {
        throw error;
      },
    };
    const model = await openModel(base, 1, use);
    logits.push([...(await allLogits(model, [1, 5, 9, 20], {}))]);
    await model.dispose();

    const targets = linearLayers(base.config).map(l => l.path);
    const experts = [{ name: 'e', rank: 2, targets, seed: 1, dropout: 0 }];
    const sessions = await openTrainSessions({ base, experts, accumulates: false, threads: 1, device });
    const batch = assembleBatch([{ expert: 0, scaling: 2, examples: sequenceExamples(2, 9), share: 1 }], 1);
    const own: number[] = [];
    for (const step of [1, 2, 3])
      own.push(...(await sessions.step(batch, 0, new Map([['e', hyperVector(settings, 1e-2, step)]]))).losses);
    losses.push(own);
    await sessions.dispose();
  }
  console.log(JSON.stringify({ quantization, logits, losses }));
}
