import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { allLogits } from '../../../src/engine/runtime/model.ts';
import { openModel } from '../../../src/engine/runtime/openModel.ts';
import { quantizeBase } from '../../../src/engine/runtime/quantizedBase.ts';
import { rowEffects } from '../../../src/engine/runtime/rowEffects.ts';
import { openTrainSessions } from '../../../src/engine/training/trainBackend.ts';
import { readAdapter } from '../../../src/experiment/adapterFiles.ts';
import { type Base, loadBase } from '../../../src/experiment/base.ts';
import { writeMergedBase } from '../../../src/experiment/mergedBase.ts';
import { parseSafetensorsHeader, readTensorF32 } from '../../../src/nn/files/safetensors.ts';
import { type Adapter, checkFitsBase, type LoraFactors, type OwnTensor } from '../../../src/nn/lora/adapter.ts';
import { linearLayers } from '../../../src/nn/model/layout.ts';
import { codeBits } from '../../../src/nn/model/quantizedTensors.ts';
import { encodeBlocks } from '../../../src/nn/quant/blocks.ts';
import { Random } from '../../../src/nn/tensor/random.ts';
import { assembleBatch } from '../../../src/nn/train/assembleBatch.ts';
import { expertGroup } from '../../../src/nn/train/trainGraph.ts';
import { type Quantization, quantizations } from '../../../src/protocol/quantization.ts';
import { assertClose } from '../../support/assertClose.ts';
import { decodeBlocks } from '../../support/decodeBlocks.ts';
import { goldenBase, halfBase } from '../../support/goldenBase.ts';
import { goldenPath } from '../../support/goldenFiles.ts';
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

/** The weights that a quantised copy of a base stands for. */
function decodedWeights(plain: Base, quantization: Quantization): (path: string) => Float32Array {
  const read = weightsOf(plain);
  const layers = new Map(linearLayers(plain.config).map(l => [l.path, l]));
  return path => {
    const { in: inputs, out } = layers.get(path)!;
    return decodeBlocks(encodeBlocks(read(path), out, inputs, codeBits[quantization]));
  };
}

for (const quantization of quantizations)
  test(`${quantization}: of the weights that the codes stand for, and so are first magnitudes`, async () => {
    const plain = await goldenBase(name);
    const base = await quantizeBase(plain, { quantization, cacheFolder: temporaryFolder() });
    const layers = new Map(linearLayers(plain.config).map(l => [l.path, l]));
    const weight = decodedWeights(plain, quantization);
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

/** Families with joined layers, with biases, and with other names. */
const families = [
  ['phi3_longrope_partial', 'phi3_longrope_partial_all'],
  ['granitemoehybrid_dense', 'granitemoehybrid_all'],
  ['starcoder2_tied', 'starcoder2_all'],
  ['gptneox_untied', 'gptneox_all'],
] as const;

for (const [family] of families)
  test(`${family}: row factors of its layers, of stored and of 4-bit weights`, async () => {
    const plain = await goldenBase(family);
    await check(plain, weightsOf(plain));
    const base = await quantizeBase(plain, { quantization: 'int4', cacheFolder: temporaryFolder() });
    await check(base, decodedWeights(plain, 'int4'));
  });

for (const [family, training] of families)
  test(`${family}: DoRA and biases run as they are merged, to 1e-4, and are trained with the loss that answers give`, async () => {
    const base = await goldenBase(family);
    const plain = await readAdapter(goldenPath(`train/${training}/adapter`), 'e');
    const random = new Random(5);
    const near = (count: number, mean: number) =>
      Float32Array.from({ length: count }, () => mean + 0.2 * random.normal());
    const modules = new Map(
      [...plain.modules].map(([path, m]) => [path, { ...m, magnitude: near(m.B.rows, 1) }] as const),
    );
    const dora: Adapter = { ...plain, config: { ...plain.config, dora: true }, modules };
    const own = new Map<string, OwnTensor>();
    for (const l of linearLayers(base.config))
      if (l.bias) own.set(`${l.path}.bias`, { shape: [l.out], data: near(l.out, 0) });
    const biased: Adapter = { ...dora, name: 'biased', own };
    const model = await openModel(base, 1);
    await model.load(dora);
    await model.load(biased);
    const ids = [5, 9, 33, 20, 7, 41, 12];
    const out = join(temporaryFolder(), 'copy');
    checkFitsBase(biased, base.config);
    await writeMergedBase(base, [{ adapter: biased, weight: 0.7 }], out);
    const merged = await openModel(await loadBase(out), 1);
    assertClose(await allLogits(model, ids, { biased: 0.7 }), await allLogits(merged, ids, {}), 1e-4);
    await merged.dispose();

    const logits = await allLogits(model, ids, { e: 1 });
    await model.dispose();
    const { vocab } = base.config;
    const loss = ids.slice(1).reduce((sum, id, t) => {
      const row = logits.subarray(t * vocab, (t + 1) * vocab);
      return sum + Math.log(row.reduce((total, x) => total + Math.exp(x), 0)) - row[id]!;
    }, 0);
    const { scaling, A } = modules.values().next().value!;
    const expert = { name: 'e', rank: A.rows, targets: [...modules.keys()], dora: { scaling } };
    const parts = { lora_A: 'A', lora_B: 'B' } as const;
    const parameter = Float32Array.from(
      expertGroup(base.config, expert).tensors.flatMap(({ name: tensor }) => {
        const [, path, part] = /^(.*)\.(lora_[AB]|lora_magnitude_vector)/.exec(tensor)!;
        const m = modules.get(path!)!;
        return [...(part === 'lora_magnitude_vector' ? m.magnitude : m[parts[part as 'lora_A']].data)];
      }),
    );
    const zeros = new Float32Array(parameter.length);
    const sessions = await openTrainSessions({
      base,
      experts: [{ ...expert, seed: 1, dropout: 0 }],
      accumulates: false,
      threads: 1,
      from: new Map([['e', { parameter, m: zeros, v: zeros.slice(), best: parameter }]]),
    });
    const examples = [{ ids: Int32Array.from(ids), labels: Int32Array.from(ids) }];
    const [found] = await sessions.evaluate(assembleBatch([{ expert: 0, scaling, examples, share: 1 }], 1));
    await sessions.dispose();
    assertClose([found!], [loss / (ids.length - 1)], 2e-5);
  });
