/**
 * Trains all weights of the embedded base further on generated text (corpus.ts), with the engine's own
 * training graph: the same forward and backward pass, with weight gradients.
 *
 *   node --import tsx scripts/base/train.ts --out DIR --steps N [--from DIR] [--rate 1e-3] [--seed 1] [--rows 16] [--length 256] [--mix skills|lookup|tokens]
 *
 * The learning rate warms up over 100 steps, stays, and falls linearly to a twentieth over the last fifth (Hu et al. 2024,
 * 'warm-up, stable, decay'). DIR/state holds weights and optimiser, so that a stopped run goes on where it was.
 */
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { Tokenizer } from '@huggingface/tokenizers';
import { createSession, type Feeds, floats, int64s, readFloats } from '../../src/engine/runtime/session.ts';
import { parseBaseConfig } from '../../src/nn/model/config.ts';
import { baseTensors } from '../../src/nn/model/layout.ts';
import { bfloatToFloat, floatToHalf, halfToFloat } from '../../src/nn/tensor/half.ts';
import { Random } from '../../src/nn/tensor/random.ts';
import { hyperVector } from '../../src/nn/train/adamw.ts';
import { buildTrainGraph, groupSize, type ParameterGroup } from '../../src/nn/train/trainGraph.ts';
import { type Mix, packedBatches } from './corpus.ts';

const { values: args } = parseArgs({
  options: {
    out: { type: 'string' },
    from: { type: 'string', default: 'media/base' },
    steps: { type: 'string' },
    rate: { type: 'string', default: '1e-3' },
    seed: { type: 'string', default: '1' },
    rows: { type: 'string', default: '16' },
    length: { type: 'string', default: '256' },
    mix: { type: 'string', default: 'skills' },
    threads: { type: 'string', default: '2' },
  },
});
if (!args.out || !args.steps) throw new Error('usage: train.ts --out DIR --steps N [--from DIR] [--rate R] [--seed S]');
const [out, steps, rows, length] = [args.out, Number(args.steps), Number(args.rows), Number(args.length)];
mkdirSync(out, { recursive: true });
const stop = new AbortController();
process.on('SIGTERM', () => stop.abort());

const config = parseBaseConfig(JSON.parse(readFileSync(`${args.from}/config.json`, 'utf8')));
const groups: ParameterGroup[] = [true, false].map(decays => ({
  name: decays ? 'matrices' : 'vectors',
  decays,
  clipWith: 'all',
  tensors: [...baseTensors(config)]
    .filter(([name]) => name.endsWith('norm.weight') !== decays)
    .map(([name, shape]) => ({ name, shape })),
}));
const weights = () => (name: string) => {
  throw new Error(`weight '${name}' is in no group`);
};
const graph = buildTrainGraph({
  config,
  experts: [],
  weights,
  baseGroups: groups,
  phase: 'step',
  dropout: false,
});
const session = await createSession(graph, { threads: Number(args.threads) });

const statePath = `${out}/state.json`;
const resumed = existsSync(statePath) ? JSON.parse(readFileSync(statePath, 'utf8')) : undefined;
const state: Feeds = {};
const stateFile = resumed ? new Uint8Array(readFileSync(`${out}/${resumed.file}`)).buffer : undefined;
let at = 0;
for (const group of groups)
  for (const part of ['', '.m', '.v']) {
    const size = groupSize(group);
    const data = stateFile ? new Float32Array(stateFile, at, size) : new Float32Array(size);
    at += size * 4;
    if (!stateFile && part === '') loadWeights(group, data);
    state[group.name + part] = floats(data, [size]);
  }

const tokenizerJson = JSON.parse(readFileSync(`${args.from}/tokenizer.json`, 'utf8'));
const tokenizer = new Tokenizer(tokenizerJson, JSON.parse(readFileSync(`${args.from}/tokenizer_config.json`, 'utf8')));
const encode = (text: string) => tokenizer.encode(text, { add_special_tokens: false }).ids;
const settings = { learningRate: 0, weightDecay: 0.05, beta1: 0.9, beta2: 0.95, epsilon: 1e-8, maxNorm: 1 };
const first = (resumed?.step ?? 0) + 1;
const vocabulary = { encode, count: Object.keys(tokenizerJson.model.vocab).length };
const batches = packedBatches(vocabulary, new Random(Number(args.seed) + first), rows, length, args.mix as Mix);
const started = Date.now();
let average = 0;

for (let step = first; step <= steps && !stop.signal.aborted; step++) {
  const { ids, weights: tokenWeights } = batches.next().value!;
  const rate = Number(args.rate) * Math.min(1, step / 100, Math.max(0.05, (steps - step) / (0.2 * steps)));
  const feeds: Feeds = { ...state, ...batchFeeds(ids, tokenWeights) };
  for (const group of groups) feeds[`${group.name}.hyper`] = floats(hyperVector(settings, rate, step), [8]);
  const result = await session.run(feeds);
  for (const name of Object.keys(state)) state[name] = result[`${name}.out`]!;
  const loss = readFloats(result.losses!)[0]!;
  average = average === 0 ? loss : 0.95 * average + 0.05 * loss;
  if (step % 25 === 0) {
    const perSecond = ((step - first + 1) * rows * length * 1000) / (Date.now() - started);
    const norm = readFloats(result.norms!)[0]!;
    console.log(
      `step ${step}/${steps} loss ${average.toFixed(4)} norm ${norm.toFixed(2)} rate ${rate.toExponential(2)} ${perSecond.toFixed(0)} tokens/s`,
    );
  }
  if (step % 200 === 0 || step === steps || stop.signal.aborted) save(step);
}

function batchFeeds(ids: Int32Array, tokenWeights: Float32Array): Feeds {
  const inputs = new Int32Array(rows * length);
  const labels = new Int32Array(rows * length);
  let total = 0;
  for (let r = 0; r < rows; r++)
    for (let t = 0; t < length; t++) {
      inputs[r * length + t] = ids[r * (length + 1) + t]!;
      labels[r * length + t] = ids[r * (length + 1) + t + 1]!;
      total += tokenWeights[r * length + t]!;
    }
  return {
    ids: int64s(inputs, [rows, length]),
    lossRows: int64s(Array.from(labels.keys()), [labels.length]),
    labels: int64s(labels, [labels.length]),
    lossWeights: floats(
      tokenWeights.map(w => w / total),
      [labels.length, 1],
    ),
  };
}

function loadWeights(group: ParameterGroup, into: Float32Array): void {
  const file = readFileSync(`${args.from}/model.safetensors`);
  const headerLength = Number(file.readBigUInt64LE(0));
  const header = JSON.parse(file.subarray(8, 8 + headerLength).toString());
  let at = 0;
  for (const { name } of group.tensors) {
    const { dtype, data_offsets } = header[name];
    const bytes = file.subarray(8 + headerLength + data_offsets[0], 8 + headerLength + data_offsets[1]);
    const width = dtype === 'F32' ? 4 : 2;
    for (let i = 0; i < bytes.length; i += width)
      into[at++] =
        width === 4
          ? bytes.readFloatLE(i)
          : dtype === 'F16'
            ? halfToFloat(bytes.readUInt16LE(i))
            : bfloatToFloat(bytes.readUInt16LE(i));
  }
}

/** Writes the model in F16 as model.safetensors, then the state from which training goes on. */
function save(step: number): void {
  const header: Record<string, unknown> = { __metadata__: { format: 'pt' } };
  const chunks: Buffer[] = [];
  let offset = 0;
  for (const group of groups) {
    const flat = readFloats(state[group.name]!);
    let at = 0;
    for (const { name, shape } of group.tensors) {
      const size = shape.reduce((a, b) => a * b, 1);
      const halves = Uint16Array.from(flat.subarray(at, at + size), floatToHalf);
      at += size;
      header[name] = { dtype: 'F16', shape, data_offsets: [offset, offset + size * 2] };
      offset += size * 2;
      chunks.push(Buffer.from(halves.buffer));
    }
  }
  const text = JSON.stringify(header);
  const padded = Buffer.from(text.padEnd(Math.ceil(text.length / 8) * 8));
  const prefix = Buffer.alloc(8);
  prefix.writeBigUInt64LE(BigInt(padded.length));
  replace('model.safetensors', Buffer.concat([prefix, padded, ...chunks]));
  const parts = groups.flatMap(group => ['', '.m', '.v'].map(p => readFloats(state[group.name + p]!)));
  const file = `state-${step % 400 === 0 ? 'a' : 'b'}.bin`;
  replace(file, Buffer.concat(parts.map(d => Buffer.from(d.buffer, d.byteOffset, d.byteLength))));
  replace('state.json', Buffer.from(JSON.stringify({ step, file })));
}

function replace(name: string, bytes: Uint8Array): void {
  writeFileSync(`${out}/${name}.tmp`, bytes);
  renameSync(`${out}/${name}.tmp`, `${out}/${name}`);
}
