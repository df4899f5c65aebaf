import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { cliCommand, engineOf, isRunning } from '../support/programs.ts';
import { temporaryFolder } from '../support/temporaryFolder.ts';
import { tinyExperiment } from '../support/tinyExperiment.ts';
import { untilWithin } from '../support/untilWithin.ts';

const until = untilWithin(60_000, 50);
const folder = temporaryFolder();
tinyExperiment({}, folder);
const recipe = 'tiny.lora.json';
const adapters = join(folder, 'runs', 'tiny', 'adapters');

const client = new Client({ name: 'test', version: '1' });
const command = cliCommand(['mcp', '--workspace', folder, '--device', 'cpu', '--threads', '1']);
const transport = new StdioClientTransport({ ...command, stderr: 'pipe' });
let noted = '';
transport.stderr?.on('data', text => {
  noted += text;
});

before(() => client.connect(transport));
after(() => client.close());

interface Answer {
  text: string;
  // biome-ignore lint/suspicious/noExplicitAny: the tools' answers are of many shapes, each looked at by its test.
  data: any;
  isError: boolean;
}

interface Told {
  progress: number;
  total?: number;
  message?: string;
}

async function call(
  name: string,
  args: Record<string, unknown> = {},
  options: { signal?: AbortSignal; onprogress?: (told: Told) => void } = {},
): Promise<Answer> {
  const result = await client.callTool({ name, arguments: args }, undefined, options);
  const [content] = result.content as { text: string }[];
  return { text: content!.text, data: result.structuredContent, isError: result.isError === true };
}

async function succeeds(...args: Parameters<typeof call>): Promise<Answer> {
  const answer = await call(...args);
  assert.equal(answer.isError, false, answer.text);
  return answer;
}

async function fails(name: string, args: Record<string, unknown>, words: RegExp): Promise<void> {
  const answer = await call(name, args);
  assert.equal(answer.isError, true, answer.text);
  assert.match(answer.text, words);
}

test('the tools, each with what it takes, and whether it only reads', async () => {
  const { tools } = await client.listTools();
  assert.deepEqual(
    tools.map(t => `${t.name}${t.annotations?.readOnlyHint ? '' : t.annotations?.destructiveHint ? ' !' : ' +'}`),
    [
      'check_recipe',
      'explain_recipe',
      'preview_data',
      'plan',
      'train !',
      'list_runs',
      'follow_run',
      'stop_run +',
      'evaluate +',
      'compare',
      'ask',
      'route',
      'blend',
      'merge !',
      'export !',
      'list_models',
      'doctor',
    ],
  );
  for (const { name, description, inputSchema } of tools) {
    assert.ok(description!.length > 40, name);
    assert.equal(inputSchema.additionalProperties, false, name);
  }
  const { contents } = await client.readResource({ uri: 'multi-lora://recipe-reference' });
  assert.match((contents[0] as { text: string }).text, /^# Recipe reference$/m);
});

test('a broken recipe: every problem has its code, its line and edits that resolve it', async () => {
  const text =
    '{\n  "experts": {\n    "math": { "data": { "trian": "math.jsonl" } },\n    "qa": { "data": { "train": "qa.jsonl" } }\n  }\n}';
  const { data } = await succeeds('check_recipe', { text });
  const found = (code: string) => data.problems.find((p: { code: string }) => p.code === code);
  const [key, missing] = [found('unknownKey'), found('missingFile')];
  assert.deepEqual([key.where, key.line], ['experts.math.data.trian', 3]);
  assert.deepEqual(key.fixes[0].edits, [{ line: 3, remove: '"trian"', insert: '"train"' }]);
  assert.deepEqual(
    [missing.where, missing.line, missing.fixes[0].create.file],
    ['experts.qa.data.train', 4, 'qa.jsonl'],
  );
  const fine = await succeeds('check_recipe', { recipe });
  assert.deepEqual([fine.data.errors, fine.text.split('\n')[0]], [0, 'no errors, 2 warnings']);
});

test('a recipe is explained, its data shown as it is learned, its training planned', async () => {
  const { text } = await succeeds('explain_recipe', { recipe });
  assert.match(text, /^Base: embedded \(llama, reads \d+ tokens\), frozen\.$/m);
  assert.match(text, /^Expert math: learns math\.jsonl, .*\n {2}rank 2, alpha 4 on q_proj, v_proj;/m);
  assert.match(text, /^Blend half: math 0\.50, code 0\.50\.$/m);
  const preview = await succeeds('preview_data', { file: 'math.jsonl', rows: 1 });
  assert.equal(preview.data.examples, 12);
  assert.match(preview.data.rows[0].text, /What is 0 \+ 1\?/);
  assert.match(preview.data.rows[0].learned, /^1/);
  assert.match(preview.text, /⟦1.*⟧/s);
  writeFileSync(join(folder, 'bad.jsonl'), '{"prompt": "a", "completion": "b"}\n{"prompt": 3}\n');
  const bad = await succeeds('preview_data', { file: 'bad.jsonl' });
  assert.match(bad.text, /^error \w+ \(experts\.data\.data\.train.*bad\.jsonl:2/m);
  const plan = await succeeds('plan', { recipe });
  assert.deepEqual([plan.data.fits, plan.data.time.steps], [true, 4]);
});

test('the base answers without a recipe; what is not trained says so', async () => {
  const { data } = await succeeds('ask', { prompt: 'Hi', maxTokens: 3 });
  assert.deepEqual([data.weights, data.answerTokens <= 3], [{}, true]);
  await fails('ask', { prompt: 'Hi', recipe, target: 'math' }, /^notFound: expert 'math' has no adapter yet\nhint: /);
});

test('a training tells its progress, which grows; what is trained is not trained anew without a word', async () => {
  const told: Told[] = [];
  const { data, text } = await succeeds('train', { recipe }, { onprogress: p => told.push(p) });
  assert.deepEqual([data.state, data.steps], ['done', 4]);
  assert.match(text, /^math: training loss \d+\.\d{3}; /m);
  assert.ok(existsSync(join(data.experts[0].adapter, 'adapter_config.json')));
  assert.ok(
    told.some(p => /^step 4 of 4: loss math \d/.test(p.message!)),
    JSON.stringify(told),
  );
  assert.ok(told.every((p, i) => i === 0 || p.progress > told[i - 1]!.progress));
  const factors = () => readFileSync(join(adapters, 'math', 'adapter_model.safetensors'));
  const before = factors();
  await fails(
    'train',
    { recipe, only: ['math'] },
    /adapter of math is there already\nhint: With "overwrite": true .*"resume": true/,
  );
  assert.match((await succeeds('train', { recipe, resume: true })).text, /trained already/);
  assert.ok(factors().equals(before));
  const { data: listed } = await succeeds('list_runs', { recipe });
  assert.deepEqual(
    listed.runs.map((run: { state: string }) => run.state),
    ['done', 'done'],
  );
  const { data: followed } = await succeeds('follow_run', { recipe, run: data.run });
  assert.deepEqual(
    followed.curves.map((curve: { train: unknown[] }) => curve.train.length),
    [4, 4],
  );
});

test('a training that its client cancels, and one in the background that is stopped, leave a checkpoint', async () => {
  tinyExperiment({ training: { steps: 100_000, batchSize: 2, validateEvery: 0 } }, join(folder, 'long'));
  const long = 'long/tiny.lora.json';
  const abort = new AbortController();
  const onprogress = ({ message }: Told) => /^step/.test(message!) && abort.abort('enough');
  await assert.rejects(call('train', { recipe: long }, { signal: abort.signal, onprogress }), /enough/);
  const checkpoint = join(folder, 'long/runs/tiny/checkpoints/math+code.safetensors');
  await until(() => existsSync(checkpoint));
  const begun = await succeeds('train', { recipe: long, resume: true, background: true });
  assert.equal(begun.data.state, 'running');
  await succeeds('stop_run', { recipe: long, run: begun.data.run });
  const { data } = await succeeds('follow_run', { recipe: long, run: begun.data.run, waitSeconds: 60 });
  assert.equal(data.run.state, 'stopped');
});

test('experts are asked, routed and blended', async () => {
  const prompt = 'What is 3 + 4?';
  const { data } = await succeeds('ask', { prompt, recipe });
  assert.ok(data.route.weights.math > 0.5 && data.route.evidence.length > 0);
  const mine = { math: 0.7, code: 0.3 };
  const { data: blended } = await succeeds('blend', { prompt, recipe, blends: ['half'], weights: [mine] });
  assert.deepEqual(
    blended.answers.map((a: { weights: unknown }) => a.weights),
    [{ math: 0.5, code: 0.5 }, mine],
  );
  const { data: routed } = await succeeds('route', { recipe, prompts: [prompt, 'Write Python code to sort a list'] });
  assert.ok(routed.routes[1].weights.code > 0.5);
});

test('experts are measured and compared, merged and exported; nothing is replaced without a word', async () => {
  const { text, data } = await succeeds('evaluate', { recipe, sets: ['math'] });
  assert.match(text, /^accuracy/);
  assert.ok(data.scores.some((s: { system: string; total: number }) => s.system === 'math' && s.total === 4));
  const { data: compared } = await succeeds('compare', { report: recipe, systems: ['base', 'math'] });
  assert.deepEqual(
    compared.comparisons.map((c: { set: string; low?: number }) => [c.set, c.low !== undefined]),
    [['math', true]],
  );
  await fails('compare', { report: recipe }, /no earlier report/);
  const merged = await succeeds('merge', { recipe, merge: 'both' });
  assert.deepEqual([merged.data.rank, merged.data.relativeError < 1e-6], [4, true]);
  await fails('merge', { recipe, merge: 'both' }, /the merge 'both' is there already/);
  await succeeds('merge', { recipe, merge: 'both', overwrite: true });
  await fails('merge', { recipe, weights: { math: 1 }, out: 'm', density: 0.5 }, /'cat' does not read density/);
  await succeeds('export', { recipe, name: 'math', format: 'peft', out: 'exported' });
  assert.ok(existsSync(join(folder, 'exported', 'adapter_config.json')));
  await fails('export', { recipe, name: 'math', format: 'peft', out: 'exported' }, /"overwrite": true/);
});

test('mistakes are told with what to do about them, and end nothing', async () => {
  await fails('plan', { recipe: 'none.lora.json' }, /^notFound: .*none\.lora\.json/);
  await fails('ask', { prompt: 'Hi', target: 'math', experts: ['math'] }, /Unrecognized key.*experts/s);
  await fails('follow_run', { recipe, run: 'x' }, /has no run 'x'\nhint: list_runs/);
  assert.match((await succeeds('doctor')).text, /computes on cpu/);
});

test('the server and its engine end with their client', { skip: process.platform !== 'linux' }, async () => {
  const server = transport.pid!;
  const engine = engineOf(server)!;
  assert.ok(engine);
  await client.close();
  await until(() => !isRunning(server) && !isRunning(engine));
  assert.equal(noted, '');
});
