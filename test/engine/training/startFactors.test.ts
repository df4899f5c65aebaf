import assert from 'node:assert/strict';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { prepareExpert } from '../../../src/engine/training/prepareExpert.ts';
import { readStart, startStates } from '../../../src/engine/training/startFactors.ts';
import { trainedAdapter } from '../../../src/engine/training/trainedAdapter.ts';
import { writeAdapter } from '../../../src/experiment/adapterFiles.ts';
import { type Base, loadBase } from '../../../src/experiment/base.ts';
import { openExperiment } from '../../../src/experiment/experiment.ts';
import type { Adapter } from '../../../src/nn/lora/adapter.ts';
import { Random } from '../../../src/nn/tensor/random.ts';
import { assertClose } from '../../support/assertClose.ts';
import { temporaryFolder } from '../../support/temporaryFolder.ts';
import { tinyExperiment } from '../../support/tinyExperiment.ts';

const paths = ['model.layers.0.self_attn.q_proj', 'model.layers.3.self_attn.v_proj'];
let base: Base;
before(async () => {
  base = await loadBase('media/base');
});

/** Random factors of rank 1 on two layers, written as PEFT does. */
async function startFolder(change: Partial<Record<'rank' | 'width', number>> = {}) {
  const random = new Random(9);
  const { rank = 1, width = 256 } = change;
  const matrix = (rows: number, cols: number) => ({
    rows,
    cols,
    data: Float32Array.from({ length: rows * cols }, () => random.normal()),
  });
  const modules: Adapter['modules'] = new Map(
    paths.map(path => {
      const out = path.endsWith('q_proj') ? 256 : 128;
      return [path, { A: matrix(rank, width), B: matrix(out, rank), scaling: 3 }];
    }),
  );
  const adapter: Adapter = {
    name: 'start',
    config: { rank, alpha: 3 * rank, rslora: false, targetModules: paths },
    modules,
  };
  const folder = temporaryFolder();
  await writeAdapter(folder, adapter, {}, async () => {});
  return { adapter, folder };
}

const prepared = async (startFrom: string, lora = {}) => {
  const path = tinyExperiment({
    experts: { math: { data: { train: 'math.jsonl' }, startFrom, lora } },
    blends: {},
    merges: {},
    evaluation: {},
  });
  const experiment = await openExperiment(path, 'media');
  return { experiment, expert: await prepareExpert(experiment, base, 'math') };
};

/** scaling · B · A of a layer. */
function delta({ modules }: Adapter, path: string): Float32Array {
  const { A, B, scaling } = modules.get(path)!;
  return Float32Array.from({ length: B.rows * A.cols }, (_, i) => {
    const [row, col] = [Math.floor(i / A.cols), i % A.cols];
    let sum = 0;
    for (let k = 0; k < A.rows; k++) sum += B.data[row * B.cols + k]! * A.data[k * A.cols + col]!;
    return scaling * sum;
  });
}

test('an expert starts with the ΔW of the adapter it starts from, in its own rank and scaling', async () => {
  const { adapter, folder } = await startFolder();
  const { experiment, expert } = await prepared(folder, { rank: 3, alpha: 6 });
  const state = startStates(base, [expert], experiment.recipe.seed).get('math')!;
  const begun = trainedAdapter(base, { ...expert, name: 'math' }, state.parameter);
  for (const path of paths) assertClose(delta(begun, path), delta(adapter, path), 1e-5, path);
  // Elsewhere as an untrained adapter, whose B is zero.
  const other = begun.modules.get('model.layers.1.self_attn.q_proj')!;
  assert.ok(other.B.data.every(x => x === 0));
  assert.ok(other.A.data.some(x => x !== 0));
  // Rank that is added has an A to learn with.
  const { A } = begun.modules.get(paths[0]!)!;
  assert.ok(A.data.subarray(A.cols).some(x => x !== 0));
  assert.ok(state.m.every(x => x === 0));
});

test('without a start there is no state', async () => {
  const path = tinyExperiment();
  const experiment = await openExperiment(path, 'media');
  const expert = await prepareExpert(experiment, base, 'math');
  assert.equal(startStates(base, [expert], 7).size, 0);
});

test('what does not fit the expert is told with what to do', async () => {
  const { folder } = await startFolder({ rank: 4 });
  await assert.rejects(prepared(folder), {
    code: 'mismatch',
    message: /it has rank 4 in model\.layers\.0\.self_attn\.q_proj, the expert 2/,
  });
  const { folder: small } = await startFolder();
  await assert.rejects(prepared(small, { targets: ['q_proj'] }), {
    code: 'mismatch',
    message: /v_proj, which is none/,
  });
  await assert.rejects(prepared(small, { dora: true }), { code: 'unsupported', message: /DoRA/ });
  const { experiment, expert } = await prepared(small);
  const biased = { ...expert.lora, bias: 'lora_only' as const };
  await assert.rejects(readStart(experiment, base, 'math', biased, expert.targets), {
    code: 'unsupported',
    message: /with biases/,
  });
  await assert.rejects(prepared(join(small, 'gone')), { code: 'notFound' });
  const { folder: narrow } = await startFolder({ width: 128 });
  await assert.rejects(prepared(narrow), { code: 'mismatch', message: /128/ });
});
