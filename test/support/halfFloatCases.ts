import { openTrainSessions } from '../../src/engine/training/trainBackend.ts';
import { linearLayers } from '../../src/nn/model/layout.ts';
import { hyperVector } from '../../src/nn/train/adamw.ts';
import { assembleBatch } from '../../src/nn/train/assembleBatch.ts';
import type { Device } from '../../src/protocol/device.ts';
import { halfBase } from './goldenBase.ts';
import { sequenceExamples } from './sequenceExamples.ts';

/*
 * A program that takes training steps with what stays in half floats, on the CPU and on WebGPU, and prints one line of JSON
 * for each way and device: losses and norms, and the factors at the end. It runs in a process of its own, whose environment
 * names the Vulkan driver.
 */

const ways = {
  weights: { upcastsAtUse: true },
  activations: { halfActivations: true },
  'activations, computed again': { halfActivations: true, recompute: true },
};
const settings = { learningRate: 1e-3, weightDecay: 0, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, maxNorm: 1 };
const base = await halfBase('llama_tied', 'F16');
const targets = linearLayers(base.config).map(l => l.path);
const experts = [{ name: 'e', rank: 4, targets, seed: 1, dropout: 0 }];

for (const [name, way] of Object.entries(ways))
  for (const device of ['cpu', 'webgpu'] as Device[]) {
    const sessions = await openTrainSessions({ ...way, base, experts, accumulates: false, threads: 1, device });
    const numbers: number[] = [];
    for (const step of [1, 2, 3]) {
      const batch = assembleBatch([{ expert: 0, scaling: 2, examples: sequenceExamples(3, 8 + step), share: 1 }], 1);
      const { losses, norms } = await sessions.step(batch, 0, new Map([['e', hyperVector(settings, 1e-3, step)]]));
      numbers.push(...losses, ...norms.values());
    }
    const factors = [...(await sessions.state('e')).parameter];
    console.log(JSON.stringify({ name, device, numbers, factors }));
    await sessions.dispose();
  }
