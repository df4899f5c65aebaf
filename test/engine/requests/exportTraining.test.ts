import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { prepareExpert } from '../../../src/engine/training/prepareExpert.ts';
import { readAdapter } from '../../../src/experiment/adapterFiles.ts';
import { loadBase } from '../../../src/experiment/base.ts';
import { openExperiment } from '../../../src/experiment/experiment.ts';
import { factorSeed, initFactors } from '../../../src/nn/lora/initFactors.ts';
import type { Batch } from '../../../src/nn/train/assembleBatch.ts';
import { trainLoop } from '../../../src/nn/train/trainLoop.ts';
import type { WorkbenchError } from '../../../src/protocol/errors.ts';
import { parseTrainEvent } from '../../../src/protocol/trainEvents.ts';
import { testEngine } from '../../support/programs.ts';
import { temporaryFolder } from '../../support/temporaryFolder.ts';
import { tinyExperiment } from '../../support/tinyExperiment.ts';
import { train } from '../../support/train.ts';

const mediaFolder = fileURLToPath(new URL('../../../media', import.meta.url));
const engine = testEngine();
/** Batches of three over twelve rows in groups of two: four steps take more than an epoch. */
const training = { steps: 4, batchSize: 5, accumulation: 2, validateEvery: 2, checkpointEvery: 2, arithmetic: 'float' };
const experts = { math: { data: { train: 'math.jsonl', validation: 'code.jsonl' } } };
const tiny = () =>
  tinyExperiment({
    lora: { rank: 2, targets: ['q_proj', 'v_proj'] },
    training,
    experts,
    blends: {},
    merges: {},
    evaluation: {},
  });
const linesOf = <T>(path: string) =>
  readFileSync(path, 'utf8')
    .trim()
    .split('\n')
    .map(line => JSON.parse(line) as T);

interface Row {
  input_ids: number[];
  attention_mask: number[];
  labels: number[];
}

test('an exported training: a script that says what it needs, with the rows, batches and first factors of the engine', async () => {
  const recipe = tiny();
  const out = join(temporaryFolder(), 'job');
  const { experts, commands } = await engine.request('exportTraining', { recipe, to: 'trl', out });
  assert.deepEqual(experts, ['math']);
  assert.equal(commands[0], 'uv run train.py');

  const script = readFileSync(join(out, 'train.py'), 'utf8');
  // As the standard has it: https://packaging.python.org/en/latest/specifications/inline-script-metadata/
  const blocks = [...script.matchAll(/^# \/\/\/ (?<type>[a-zA-Z0-9-]+)$\s(?<content>(^#(| .*)$\s)+)^# \/\/\/$/gm)];
  assert.deepEqual(
    blocks.map(b => b.groups!.type),
    ['script'],
  );
  const metadata = blocks[0]!.groups!.content!.replace(/^# ?/gm, '');
  const [, dependencies] = /^dependencies = (\[[^\]]*\])/m.exec(metadata)!;
  const names = JSON.parse(dependencies!.replace(/,\s*\]/, ']')) as string[];
  for (const name of ['torch', 'transformers', 'peft', 'trl'])
    assert.ok(
      names.some(each => each.startsWith(`${name}>=`)),
      name,
    );
  assert.deepEqual(readFileSync(join(out, 'requirements.txt'), 'utf8').trim().split('\n'), names);

  const e = await openExperiment(recipe, mediaFolder);
  const base = await loadBase(e.baseFolder);
  const { job } = await prepareExpert(e, base, 'math');
  const seen: Batch[] = [];
  const note = async (batch: Batch) => {
    seen.push(batch);
    return [0];
  };
  const backend = {
    accumulate: note,
    step: async (batch: Batch) => ({ losses: await note(batch), norms: new Map([['math', 0]]) }),
    evaluate: async () => [0],
    keepBest: async () => {},
  };
  const signal = new AbortController().signal;
  const loop = trainLoop({
    jobs: [job],
    backend,
    seed: 1,
    save: async () => {},
    now: () => 0,
    memory: () => 0,
    signal,
  });
  for await (const _ of loop);

  const folder = join(out, 'experts/math');
  const rows = linesOf<Row>(join(folder, 'train.jsonl'));
  const batches = linesOf<number[]>(join(folder, 'batches.jsonl'));
  assert.equal(batches.length, 8);
  assert.deepEqual(new Set(batches.slice(0, 3).flat()).size, 12, 'an epoch has every row once');
  assert.equal(seen.length, batches.length);
  for (const [i, batch] of seen.entries()) {
    const own = batches[i]!.map(row => rows[row]!);
    const padded = own.flatMap(({ input_ids }) => [...input_ids, ...Array(batch.length - input_ids.length).fill(0)]);
    assert.deepEqual([...batch.ids], padded);
    assert.deepEqual(
      [...batch.labels],
      own.flatMap(({ labels }) => labels.filter(label => label !== -100)),
    );
  }
  for (const { input_ids, attention_mask, labels } of rows) {
    assert.deepEqual([attention_mask.length, labels.length], [input_ids.length, input_ids.length]);
    assert.equal(labels[0], -100);
  }
  assert.equal(linesOf(join(folder, 'validation.jsonl')).length, 12);
  const [readable] = linesOf<{ messages: unknown }>(join(folder, 'data.jsonl'));
  assert.deepEqual(readable!.messages, [
    { role: 'user', content: 'What is 0 + 1?' },
    { role: 'assistant', content: '1' },
  ]);

  const start = await readAdapter(join(folder, 'start'));
  const [path] = start.modules.keys();
  const { A, B, scaling } = start.modules.get(path!)!;
  const drawn = initFactors([{ name: `${path}.lora_A.weight`, shape: [A.rows, A.cols] }], factorSeed(1, 'math'));
  assert.deepEqual(A.data, drawn);
  assert.ok(B.data.every(x => x === 0));
  assert.equal(scaling, 16);
});

test('the same for other trainers and places, over a folder that may be written again until it has results', async () => {
  const recipe = tiny();
  const out = join(temporaryFolder(), 'job');
  const read = (name: string) => readFileSync(join(out, name), 'utf8');
  await engine.request('exportTraining', { recipe, to: 'axolotl', out });
  assert.match(read('axolotl-math.yaml'), /^max_steps: 4\n(?:.*\n)*adam_epsilon: 1\.0e-8\n(?:.*\n)*warmup_steps: 0$/m);
  await engine.request('exportTraining', { recipe, to: 'llama-factory', out });
  assert.match(read('llama-factory-math.yaml'), /^lora_target: "q_proj,v_proj"$/m);
  const { math } = JSON.parse(read('dataset_info.json'));
  assert.ok(existsSync(join(out, math.file_name)));
  await engine.request('exportTraining', { recipe, to: 'skypilot', out });
  assert.match(read('sky.yaml'), /^run: \|\n {2}torchrun .* train\.py --resume$/m);
  const ray = await engine.request('exportTraining', { recipe, to: 'ray', out });
  assert.match(ray.commands[0]!, /^ray job submit .*--working-dir \. -- python ray_train\.py/);
  assert.ok(existsSync(join(out, 'ray_train.py')) && !existsSync(join(out, 'sky.yaml')));

  mkdirSync(join(out, 'results'));
  const again = () => engine.request('exportTraining', { recipe, to: 'trl', out });
  await assert.rejects(
    again(),
    (e: WorkbenchError) => e.code === 'badRequest' && /has results already/.test(e.message),
  );
  const other = temporaryFolder();
  mkdirSync(other, { recursive: true });
  writeFileSync(join(other, 'mine.txt'), '');
  await assert.rejects(
    engine.request('exportTraining', { recipe, to: 'trl', out: other }),
    (e: WorkbenchError) => e.code === 'badRequest' && /holds other files \(mine\.txt\)/.test(e.message),
  );
});

const python = process.env.PYTHON;
const hasTrl = python !== undefined && spawnSync(python, ['-c', 'import trl, peft']).status === 0;

test('the script takes the engine’s steps', {
  skip: !hasTrl && 'PYTHON names no Python with trl and peft',
}, async () => {
  const recipe = tiny();
  const out = join(temporaryFolder(), 'job');
  await engine.request('exportTraining', { recipe, to: 'trl', out });
  const own = await train(engine, recipe);
  const { status, stderr } = spawnSync(python!, ['train.py'], {
    cwd: out,
    encoding: 'utf8',
    env: { ...process.env, OMP_NUM_THREADS: '1', HF_HUB_OFFLINE: '1' },
  });
  assert.equal(status, 0, stderr);
  const there = readFileSync(join(out, 'results/math/events.jsonl'), 'utf8')
    .split('\n')
    .flatMap(line => parseTrainEvent(line) ?? []);
  assert.deepEqual(
    there.map(e => [e.type, e.step]),
    [...own.map(e => [e.type, e.step])].filter(([type]) => type !== 'data'),
  );
  for (const [i, event] of own.filter(e => e.type === 'step').entries()) {
    const same = there.filter(e => e.type === 'step')[i]!.experts.math!;
    const { loss, learningRate, gradientNorm } = event.experts.math!;
    assert.ok(Math.abs(loss - same.loss) < 1e-3 && Math.abs(gradientNorm - same.gradientNorm) < 1e-3, `step ${i + 1}`);
    assert.ok(Math.abs(learningRate - same.learningRate) < 1e-12);
  }
});
