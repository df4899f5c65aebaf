import { openTrainSessions } from '../../src/engine/training/trainBackend.ts';
import { graphConfig, loadBase } from '../../src/experiment/base.ts';
import { totalBytes, trainingMemory } from '../../src/nn/memory/trainingMemory.ts';
import { linearLayers } from '../../src/nn/model/layout.ts';
import { hyperVector } from '../../src/nn/train/adamw.ts';
import { assembleBatch } from '../../src/nn/train/assembleBatch.ts';
import { peakOf } from './peakOf.ts';

/*
 * A program that trains for some steps with what stays in 16 bits, and prints what that was planned to take and took, in
 * bytes: `trainPeak FOLDER weights|activations`. Linux alone tells the peak of a process.
 */

const [folder, inHalves] = process.argv.slice(2) as [string, 'weights' | 'activations'];
const base = await loadBase(folder);
const expert = { name: 'e', rank: 16, targets: linearLayers(base.config).map(l => l.path), dropout: 0 };
const [rows, length] = [4, 200];
const settings = { learningRate: 1e-3, weightDecay: 0, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, maxNorm: 1 };
const options = {
  accumulates: false,
  upcastsAtUse: inHalves === 'weights',
  halfActivations: inHalves === 'activations',
};

const before = peakOf(process.pid);
const sessions = await openTrainSessions({ ...options, base, experts: [{ ...expert, seed: 1 }], threads: 1 });
for (let step = 1; step <= 3; step++) {
  const examples = Array.from({ length: rows }, (_, row) => {
    const ids = Int32Array.from({ length }, (_, t) => (97 * row + 31 * t * step) % base.config.vocab);
    return { ids, labels: ids };
  });
  const batch = assembleBatch([{ expert: 0, scaling: 1, examples, share: 1 }], 1);
  await sessions.step(batch, step, new Map([['e', hyperVector(settings, 1e-3, step)]]));
}
const step = [{ B: rows, T: length, M: rows * (length - 1), tokens: rows * length }];
const memory = trainingMemory(
  { ...options, config: graphConfig(base), tensors: base.tensors, experts: [expert] },
  { step, accumulate: [], evaluate: [], steps: 3 },
);
console.log(JSON.stringify({ planned: before + totalBytes(memory), measured: peakOf(process.pid) }));
await sessions.dispose();
