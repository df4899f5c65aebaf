import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { quantizeBase } from '../../../src/engine/runtime/quantizedBase.ts';
import { rowEffects } from '../../../src/engine/runtime/rowEffects.ts';
import { openTrainSessions } from '../../../src/engine/training/trainBackend.ts';
import type { Base } from '../../../src/experiment/base.ts';
import { parseSafetensorsHeader, readTensorF32 } from '../../../src/nn/files/safetensors.ts';
import type { Adapter, LoraFactors } from '../../../src/nn/lora/adapter.ts';
import { linearLayers } from '../../../src/nn/model/layout.ts';
import { codeBits } from '../../../src/nn/model/quantizedTensors.ts';
import { encodeBlocks } from '../../../src/nn/quant/blocks.ts';
import { Random } from '../../../src/nn/tensor/random.ts';
import { expertGroup } from '../../../src/nn/train/trainGraph.ts';
import { quantizations } from '../../../src/protocol/quantization.ts';
import { decodeBlocks } from '../../support/decodeBlocks.ts';
import { goldenBase, halfBase } from '../../support/goldenBase.ts';
import { temporaryFolder } from '../../support/temporaryFolder.ts';

const name = 'qwen2_tied';

/** Other ranks, scalings and layers than one. */
function doraAdapter({ config }: Base): Adapter {
  const random = new Random(3);
  const numbers = (count: number) => Float32Array.from({ length: count }, () => 0.3 * random.normal());
  const modules = new Map<string, LoraFactors>();
  for (const [i, l] of linearLayers(config).reverse().entries()) {
    if (i % 3 === 2) continue;
    const rank = 2 + (i % 2);
    const [A, B] = [
      { rows: rank, cols: l.in, data: numbers(rank * l.in) },
      { rows: l.out, cols: rank, data: numbers(l.out * rank) },
    ];
    modules.set(l.path, { A, B, scaling: 0.5 + i, magnitude: numbers(l.out).map(x => 1 + x) });
  }
  return { name: 'dora', config: { rank: 2, alpha: 2, rslora: false, dora: true }, modules };
}

/** ‖W + s B A‖ of a row, the plain way. */
function rowNorm(W: Float32Array, { A, B, scaling }: LoraFactors, o: number): number {
  let sum = 0;
  for (let j = 0; j < A.cols; j++) {
    let x = W[o * A.cols + j]!;
    for (let k = 0; k < A.rows; k++) x += scaling * B.data[o * A.rows + k]! * A.data[k * A.cols + j]!;
    sum += x * x;
  }
  return Math.sqrt(sum);
}

/** The weights of a base's layers as they are computed with. */
function weightsOf(base: Base): (path: string) => Float32Array {
  const bytes = new Uint8Array(readFileSync(join(base.folder, 'model.safetensors')));
  const { tensors } = parseSafetensorsHeader(bytes, bytes.length, base.folder);
  return path => {
    const entry = tensors.get(`${path}.weight`)!;
    return readTensorF32(entry, bytes.subarray(entry.begin, entry.end));
  };
}

async function check(base: Base, weight: (path: string) => Float32Array): Promise<void> {
  const adapter = doraAdapter(base);
  const effects = await rowEffects(base, adapter, 1);
  assert.deepEqual([...effects.keys()].sort(), [...adapter.modules.keys()].sort());
  for (const [path, factors] of adapter.modules) {
    const [found, W] = [effects.get(path)!.factor!, weight(path)];
    for (const [o, m] of factors.magnitude!.entries()) {
      const expected = m / rowNorm(W, factors, o);
      assert.ok(Math.abs(found[o]! - expected) <= 2e-6 * Math.abs(expected), `${path}, row ${o}`);
    }
  }
}

test('row factors are m / ‖W + s B A‖ to 2e-6, whatever the ranks and scalings of single layers', async () => {
  const base = await goldenBase(name);
  await check(base, weightsOf(base));
});

for (const dtype of ['F16', 'BF16'] as const)
  test(`${dtype}: of the weights as they are stored`, async () => {
    const base = await halfBase(name, dtype);
    await check(base, weightsOf(base));
  });

for (const quantization of quantizations)
  test(`${quantization}: of the weights that the codes stand for, and so are first magnitudes`, async () => {
    const plain = await goldenBase(name);
    const base = await quantizeBase(plain, { quantization, cacheFolder: temporaryFolder() });
    const read = weightsOf(plain);
    const layers = new Map(linearLayers(plain.config).map(l => [l.path, l]));
    const weight = (path: string) => {
      const { in: inputs, out } = layers.get(path)!;
      return decodeBlocks(encodeBlocks(read(path), out, inputs, codeBits[quantization]));
    };
    await check(base, weight);
    const path = 'model.layers.1.mlp.down_proj';
    const expert = { name: 'e', rank: 2, targets: [path], dora: { scaling: 2 } };
    const sessions = await openTrainSessions({
      base,
      experts: [{ ...expert, seed: 1, dropout: 0 }],
      accumulates: false,
      threads: 1,
    });
    const { parameter } = await sessions.state('e');
    await sessions.dispose();
    const { out, in: inputs } = layers.get(path)!;
    assert.equal(expertGroup(base.config, expert).tensors.at(-1)!.shape[0], out);
    const W = weight(path);
    for (let o = 0; o < out; o++) {
      const norm = Math.hypot(...W.subarray(o * inputs, (o + 1) * inputs));
      assert.ok(Math.abs(parameter[parameter.length - out + o]! - norm) <= 2e-6 * norm);
    }
  });
