import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import test, { before } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parseSafetensorsHeader, readTensorF32 } from '../../src/nn/files/safetensors.ts';
import { originOf } from '../../src/nn/lora/adapterOrigin.ts';
import type { AskResult } from '../../src/protocol/engine/asking.ts';
import type { ScoreResult } from '../../src/protocol/engine/evaluating.ts';
import type { MergeResult } from '../../src/protocol/engine/merging.ts';
import type { RouteResult } from '../../src/protocol/route.ts';
import type { TrainEvent } from '../../src/protocol/trainEvents.ts';
import { finished, runCli, startCli } from '../support/programs.ts';
import { temporaryFolder } from '../support/temporaryFolder.ts';
import { tinyExperiment } from '../support/tinyExperiment.ts';

const folder = temporaryFolder();
const recipe = tinyExperiment({}, folder);
const adapter = (name: string) => join(folder, 'runs', 'tiny', 'adapters', name);
const lines = (text: string) =>
  text
    .trim()
    .split('\n')
    .map(line => JSON.parse(line));

/** Runs a command that must fail with this exit code and these words on stderr, without a stack trace. */
async function fails(args: string[], code: number, message: RegExp, stdin?: string) {
  const result = await runCli(args, { stdin });
  assert.equal(result.code, code, result.stderr);
  assert.match(result.stderr, message);
  assert.match(result.stderr, /^error: /m);
  assert.doesNotMatch(result.stderr, /\n\s+at /);
  assert.equal(result.stdout, '');
}

before(async () => {
  const { code, stdout, stderr } = await runCli(['train', recipe]);
  assert.equal(code, 0, stderr);
  assert.equal(stdout, `math  ${adapter('math')}\ncode  ${adapter('code')}\n`);
  assert.match(stderr, /^step 1\/4 {2}· {2}loss math \d+\.\d{3} {2}code \d+\.\d{3} {2}· {2}[\d,]+ tokens\/s {2}· /m);
});

test('train --json: an event a line; --resume of a finished run takes no step; --only leaves the others alone', async () => {
  const before = readFileSync(join(adapter('math'), 'adapter_model.safetensors'));
  const { stdout } = await runCli(['train', recipe, '--only', 'code', '--json']);
  const events = lines(stdout) as TrainEvent[];
  assert.deepEqual(
    events.filter(e => e.type === 'step').map(e => [e.step, Object.keys(e.experts)]),
    [1, 2, 3, 4].map(s => [s, ['code']]),
  );
  assert.equal(events.at(-1)!.type, 'trained');
  assert.ok(readFileSync(join(adapter('math'), 'adapter_model.safetensors')).equals(before));
  const again = await runCli(['train', recipe, '--resume']);
  assert.match(again.stderr, /trained already, nothing has changed/);
});

test('Ctrl-C stops training with a checkpoint and exit code 130', async () => {
  const path = tinyExperiment({ training: { steps: 100_000, batchSize: 2, validateEvery: 0 } });
  const child = startCli(['train', path, '--json']);
  const end = finished(child);
  child.stdout.once('data', () => child.kill('SIGINT'));
  const { code, stdout, stderr } = await end;
  assert.equal(code, 130, stderr);
  assert.equal((lines(stdout) as TrainEvent[]).at(-1)!.type, 'cancelled');
  assert.match(stderr, /Go on with: multi-lora train .* --resume/);
  assert.ok(existsSync(join(dirname(path), 'runs/tiny/checkpoints/math+code.safetensors')));
});

test('ask: an expert, the router, a blend, weights; streamed text is the answer', async () => {
  const ask = async (...args: string[]) =>
    lines((await runCli(['ask', 'What is 3 + 4?', '--recipe', recipe, '--json', ...args])).stdout) as [AskResult];
  const [expert] = await ask('--expert', 'math');
  assert.deepEqual(expert.weights, { math: 1 });
  const [routed] = await ask();
  assert.ok(routed.route!.weights.math! > 0.5);
  assert.deepEqual((await ask('--blend', 'half'))[0].weights, { math: 0.5, code: 0.5 });
  assert.deepEqual((await ask('--weights', 'math=0.7,code=0.3'))[0].weights, { math: 0.7, code: 0.3 });
  const streamed = await runCli(['ask', 'What is 3 + 4?', '--recipe', recipe, '--expert', 'math', '--stream']);
  assert.equal(streamed.stdout, `${expert.text}\n`);
  assert.match(streamed.stderr, /^\[math 1\.00; \d+ tokens/);
});

test('route: JSONL in, JSONL out, in order; a prompt for people', async () => {
  const prompts = ['Solve this equation: x² + 5x + 6 = 0', '', 'Write Python code to sort a list'];
  const stdin = prompts.map(prompt => (prompt ? JSON.stringify({ prompt }) : '')).join('\n');
  const { stdout, code } = await runCli(['route', '--recipe', recipe], { stdin });
  assert.equal(code, 0);
  const routes = lines(stdout) as RouteResult[];
  assert.deepEqual(
    routes.map(r => Object.keys(r)),
    [
      ['weights', 'abstained', 'evidence'],
      ['weights', 'abstained', 'evidence'],
    ],
  );
  assert.ok(routes[0]!.weights.math! > 0.5 && routes[1]!.weights.code! > 0.5);
  assert.match((await runCli(['route', prompts[0]!])).stdout, /^math \d\.\d\d/);
});

test('score: log-probabilities sum to the total and are those of the logits file', async () => {
  const logits = join(folder, 'logits.safetensors');
  const stdin = '{"text":"Hello there"}\n{"ids":[261,894,936]}\n';
  const { stdout, stderr, code } = await runCli(
    ['score', '--model', 'media/base', '--adapter', `${adapter('math')}=0.5`, '--logits', logits],
    { stdin },
  );
  assert.equal(code, 0, stderr);
  const items = lines(stdout) as ScoreResult['items'];
  assert.deepEqual(items[1]!.ids, [261, 894, 936]);
  const bytes = readFileSync(logits);
  const { tensors } = parseSafetensorsHeader(bytes, bytes.length, logits);
  for (const [i, { ids, logProbabilities, total }] of items.entries()) {
    assert.ok(Math.abs(logProbabilities.reduce((a, b) => a + b, 0) - total) < 1e-9);
    const tensor = tensors.get(`logits.${i}`)!;
    const [seq, vocab] = tensor.shape as [number, number];
    assert.deepEqual([seq, tensor.dtype], [ids.length, 'F32']);
    const values = readTensorF32(tensor, bytes.subarray(tensor.begin, tensor.end));
    for (const [t, logProbability] of logProbabilities.entries()) {
      const row = values.subarray(t * vocab, (t + 1) * vocab);
      const sum = row.reduce((s, x) => s + Math.exp(x), 0);
      assert.ok(Math.abs(row[ids[t + 1]!]! - Math.log(sum) - logProbability) < 1e-5);
    }
  }
});

test('merge: by recipe and by hand, the same bits, with what the experts were trained on; the merge can then be asked', async () => {
  const [named] = lines((await runCli(['merge', recipe, 'both', '--json'])).stdout) as [MergeResult];
  assert.deepEqual([named.rank, named.relativeError! < 1e-6], [4, true]);
  const out = join(folder, 'by-hand');
  const hand = await runCli([
    'merge',
    '--base',
    'embedded',
    '--adapter',
    `${adapter('math')}=0.5`,
    `${adapter('code')}=0.5`,
    '--method',
    'cat',
    '--out',
    out,
  ]);
  assert.match(hand.stdout, /by-hand {2}rank 4, relative error \S+ against the exact weighted sum\n$/);
  const bits = (path: string) => readFileSync(join(path, 'adapter_model.safetensors'));
  const base = fileURLToPath(new URL('../../media/base/', import.meta.url));
  const { chat_template } = JSON.parse(readFileSync(join(base, 'tokenizer_config.json'), 'utf8'));
  const baseHash = createHash('sha256')
    .update(readFileSync(join(base, 'model.safetensors')))
    .digest('hex');
  for (const path of [adapter('math'), named.path])
    assert.deepEqual(originOf(parseSafetensorsHeader(bits(path), bits(path).length, path).metadata), {
      baseHash,
      chatTemplate: chat_template,
    });
  assert.ok(bits(out).equals(bits(named.path)));
  const [asked] = lines((await runCli(['ask', 'Hi', '--recipe', recipe, '--expert', 'both', '--json'])).stdout) as [
    AskResult,
  ];
  assert.deepEqual(asked.weights, { both: 1 });
});

test('export: a PEFT folder and a GGUF file', async () => {
  const gguf = join(folder, 'math.gguf');
  assert.equal((await runCli(['export', recipe, 'math', '--format', 'gguf', '--out', gguf])).code, 0);
  assert.equal(readFileSync(gguf).subarray(0, 4).toString(), 'GGUF');
  const { stdout } = await runCli([
    'export',
    recipe,
    'math',
    '--format',
    'peft',
    '--out',
    join(folder, 'peft'),
    '--json',
  ]);
  assert.ok(JSON.parse(stdout).bytes > 1000);
});

test('quickstart runs the steps of a recipe in order', async () => {
  const path = tinyExperiment({
    steps: [
      { do: 'note', text: 'A small experiment.' },
      { do: 'train' },
      { do: 'ask', prompt: 'What is 1 + 2?' },
      { do: 'blend', prompt: 'Hi', blends: ['half'] },
      { do: 'merge', merge: 'both' },
      { do: 'evaluate' },
    ],
  });
  const { code, stdout, stderr } = await runCli(['quickstart', '--recipe', path]);
  assert.equal(code, 0, stderr);
  const order = [
    'A small experiment.',
    '2/6 train all experts',
    '3/6 What is 1 + 2?',
    '4/6 Hi',
    '5/6 merge both',
    '6/6 evaluate all sets',
    'accuracy',
    'report.html',
  ];
  assert.deepEqual(
    [...order].sort((a, b) => stdout.indexOf(a) - stdout.indexOf(b)),
    order,
  );
  assert.ok(
    order.every(text => stdout.includes(text)),
    stdout,
  );
});

test('every verb has a help page with an example; versions; the nearest verb', async () => {
  const { stdout } = await runCli(['--help']);
  const verbs = [...stdout.matchAll(/^ {2}([a-z]+) {2,}/gm)].map(m => m[1]!);
  assert.deepEqual(verbs, [
    'quickstart',
    'plan',
    'sweep',
    'train',
    'checkpoints',
    'import',
    'ask',
    'serve',
    'route',
    'weights',
    'merge',
    'compress',
    'eval',
    'score',
    'export',
    'get',
    'mcp',
    'doctor',
  ]);
  for (const verb of verbs) {
    const help = await runCli([verb, '--help']);
    assert.equal(help.code, 0);
    assert.match(help.stdout, new RegExp(`usage: multi-lora ${verb}[^]*--json[^]*examples:\n {2}multi-lora ${verb}`));
  }
  assert.match((await runCli(['--version'])).stdout, /^\d+\.\d+\.\d+\n$/);
  await fails(['tarin'], 2, /no verb 'tarin'\nhint: Did you mean: multi-lora train\?/);
});

test('wrong recipes and data: what, where, what to do', async () => {
  await fails(
    ['train', tinyExperiment({ lora: { rnak: 2 } })],
    1,
    /'lora\.rnak' is not a key of a recipe; did you mean 'rank'\?/,
  );
  await fails(['train', tinyExperiment({ lora: { rank: 'two' } })], 1, /lora\.rank: must be a number, got "two"/);
  await fails(['train', join(folder, 'nowhere.lora.json')], 1, /the recipe is not there: .*nowhere\.lora\.json/);
  await fails(['train', tinyExperiment({ lora: { rank: 1000 } })], 1, /Rank 1000 does not fit .*q_proj/);
  const empty = tinyExperiment();
  writeFileSync(join(dirname(empty), 'math.jsonl'), '');
  await fails(['train', empty], 1, /math\.jsonl/);
  const malformed = tinyExperiment();
  writeFileSync(join(dirname(malformed), 'math.jsonl'), '{"prompt":"a","completion":"b"}\n{"prompt":"a"\n');
  await fails(['train', malformed], 1, /math\.jsonl:2/);
});

test('weights: names and scorers that are none are refused', async () => {
  const found = ['weights', recipe, '--data', join(folder, 'code.jsonl')];
  await fails([...found, '--save', 'auto'], 2, /'auto' cannot be the name of a blend/);
  await fails([...found, '--scorer', 'best'], 2, /there is no scorer 'best'/);
});

test('wrong requests: weights, adapters, names, input', async () => {
  const untrained = tinyExperiment();
  await fails(
    ['ask', 'hi', '--recipe', untrained, '--expert', 'math'],
    1,
    /expert 'math' has no adapter yet\nhint: Run: multi-lora train/,
  );
  await fails(['ask', 'hi', '--recipe', recipe, '--expert', 'maht'], 1, /no expert is called 'maht'/);
  await fails(['ask', 'hi', '--recipe', recipe, '--weights', 'math=0,code=0'], 2, /all weights are zero/);
  await fails(['ask', 'hi', '--recipe', recipe, '--weights', 'math=x'], 2, /the weight of 'math' is not a number: 'x'/);
  await fails(['ask', 'hi', '--recipe', recipe, '--weights', 'math=1', '--expert', 'code'], 2, /exclude each other/);
  await fails(['ask', 'hi', '--recipe', recipe, '--top-p', '7'], 2, /topP/);
  const merge = ['merge', '--base', 'embedded', '--method', 'cat', '--out', join(folder, 'm')];
  await fails([...merge, '--adapter', `${join(folder, 'none')}=1`], 1, /adapter .*none.* is not there/);
  await fails([...merge, '--adapter', `${adapter('math')}=NaN`], 2, /is not a number: 'NaN'/);
  await fails([...merge, '--adapter', `${adapter('math')}=0`], 2, /All weights of the merge are 0/);
  await fails([...merge, '--adapter', `${adapter('math')}=1`, '--method', 'tise'], 2, /no merge method 'tise'/);
  await fails(
    [...merge, '--adapter', `${adapter('math')}=1`, '--method', 'learned'],
    2,
    /folders of adapters have none/,
  );
  await fails([...merge, '--density', '0.3'], 2, /--density has no effect on 'cat'\nhint: It is read by ties, /);
  await fails(['route'], 1, /stdin:2: not JSON/, '\n{"prompt"\n');
  await fails(['score', '--model', 'embedded'], 1, /stdin:1: neither/, '{"ids":["a"]}\n');
  await fails(['score', '--model', 'embedded'], 2, /item 0: 99999999 is not a token id/, '{"ids":[99999999]}\n');
});

test('a folder that may not be written to', {
  skip: process.getuid?.() === 0 || process.platform === 'win32',
}, async () => {
  const path = tinyExperiment();
  chmodSync(dirname(path), 0o555);
  await fails(['train', path], 1, /permission denied\nhint: Choose a folder you may write to/);
});

test('an output that cannot be a folder', async () => {
  await fails(
    ['export', recipe, 'math', '--format', 'peft', '--out', join(recipe, 'inside')],
    1,
    /a part of the path is a file, not a folder/,
  );
});
