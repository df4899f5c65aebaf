import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import type { AskRequest } from '../../../src/protocol/engine/asking.ts';
import type { CompleteProgress, CompleteRequest } from '../../../src/protocol/engine/completing.ts';
import type { WorkbenchError } from '../../../src/protocol/errors.ts';
import type { Target } from '../../../src/protocol/target.ts';
import { type RunningServer, startServer } from '../../../src/server/startServer.ts';
import { engineStandIn, piece, sendEvents } from '../../support/engineStandIn.ts';
import { testEngine } from '../../support/programs.ts';
import { servedExperiment } from '../../support/servedExperiment.ts';

// One process is asked and answers over its own server: what is answered elsewhere keeps no lane of it.
const engine = testEngine();
const notices: string[] = [];
engine.onNotice(({ message }) => notices.push(message));
const served = servedExperiment();
let [bare, loaded]: RunningServer[] = [];
before(async () => {
  bare = await startServer(engine, { source: {}, port: 0 });
  loaded = await startServer(engine, { source: { recipe: served }, port: 0 });
});
after(() => Promise.all([bare!.close(), loaded!.close()]));

/** A recipe whose experts are those of the servers, with these engines. */
function recipeWith(engines: Record<string, unknown>, answering = 'gpu', more = {}): string {
  const path = servedExperiment();
  const recipe = JSON.parse(readFileSync(path, 'utf8'));
  writeFileSync(path, JSON.stringify({ ...recipe, engines, answering, ...more }));
  return path;
}

const gpu = () => ({ kind: 'openai', url: bare!.url, model: 'base' });
const ask = (recipe: string, target: Target, more: Partial<AskRequest> = {}) =>
  engine.request('ask', { recipe, target, prompt: 'What is 3 + 4?', ...more });
const expert = (name: string): Target => ({ kind: 'expert', name });
const targets: Target[] = [
  { kind: 'auto' },
  { kind: 'base' },
  expert('math'),
  { kind: 'blend', name: 'half' },
  { kind: 'weights', weights: { math: -0.5, code: 0.7 } },
];
const idsOf = async (server: RunningServer) => {
  const { data } = (await (await fetch(`${server.url}/models`)).json()) as { data: { id: string }[] };
  return data.map(({ id }) => id);
};

test('over the OpenAI API everyone answers as here; adapters are put there once, and a server that forgot them gets them again', async () => {
  const recipe = recipeWith({ gpu: gpu() });
  for (const target of targets) {
    const [there, here] = [await ask(recipe, target), await ask(recipe, target, { engine: 'local' })];
    assert.deepEqual([there.engine, here.engine], ['gpu', undefined]);
    const { text, finish, weights, answerTokens, promptTokens } = here;
    assert.deepEqual(
      [there.text, there.finish, there.weights, there.answerTokens, there.promptTokens],
      [text, finish, weights, answerTokens, promptTokens],
    );
    assert.deepEqual(there.route, here.route);
  }
  const put = readdirSync(join(dirname(recipe), 'runs', 'served', 'elsewhere'));
  assert.match(put.sort().join(' '), /^blend-[0-9a-f]{12} blend-[0-9a-f]{12} math-[0-9a-f]{12}$/);
  const ids = await idsOf(bare!);
  assert.deepEqual(ids.filter(id => put.includes(id)).sort(), put);

  const [math] = put.filter(name => name.startsWith('math'));
  const gone = await fetch(`${bare!.url}/unload_lora_adapter`, {
    method: 'POST',
    body: JSON.stringify({ lora_name: math }),
  });
  assert.equal(gone.status, 200);
  assert.equal((await ask(recipe, expert('math'))).text, (await ask(recipe, expert('math'), { engine: 'local' })).text);
});

test('prompts go to a server that is allowed, and to this machine; where any is allowed it is told once', async () => {
  // Nobody listens there; that it is this machine its address does not say.
  const origin = 'http://0.0.0.0:49151';
  const far = recipeWith({ gpu: { kind: 'openai', url: `${origin}/v1`, model: 'base' } });
  const isDenied = ({ code, hint, problems: [problem] }: WorkbenchError) =>
    code === 'denied' && problem?.where === origin && hint!.includes(`--allow-server ${origin}`);
  await assert.rejects(ask(far, expert('math'), { servers: ['http://0.0.0.0:8000'] }), isDenied);
  await assert.rejects(engine.request('evaluate', { recipe: far, servers: [] }), isDenied);
  assert.ok(!existsSync(join(dirname(far), 'runs')), 'nothing was begun');
  const told = () => notices.filter(text => text.includes(`prompts and adapters go to ${origin}`)).length;
  for (const servers of [[origin], undefined, undefined]) {
    await assert.rejects(ask(far, expert('math'), { servers }), { code: 'network' });
    assert.equal(told(), servers ? 0 : 1);
  }
  assert.equal((await ask(recipeWith({ gpu: gpu() }), expert('math'), { servers: [] })).engine, 'gpu');
});

test('of blends a server keeps the last eight', async () => {
  const recipe = recipeWith({ gpu: gpu() });
  const blend = (i: number): Target => ({ kind: 'weights', weights: { math: i / 10, code: 0.1 } });
  const settings = { maxTokens: 1 };
  await Promise.all([1, 2, 3, 4, 5, 6].map(i => ask(recipe, blend(i), { settings })));
  for (const i of [7, 8, 9]) await ask(recipe, blend(i), { settings });
  assert.equal((await idsOf(bare!)).filter(id => id.startsWith('blend-')).length, 8);
});

test('over llama-server’s protocol each request says how much of whom; an adapter that it was not started with is written, with how to start it', async () => {
  const url = loaded!.url.replace('/v1', '');
  // This server's adapters are folders, which are not called as the files that llama.cpp would be started with.
  const { experts } = JSON.parse(readFileSync(served, 'utf8'));
  const files = { math: basename(experts.math.adapter), code: basename(experts.code.adapter) };
  const recipe = recipeWith({ gpu: { kind: 'llama-server', url, experts: files } });
  for (const target of targets) {
    const [there, here] = [await ask(recipe, target), await ask(recipe, target, { engine: 'local' })];
    assert.equal(there.text, here.text, JSON.stringify(target));
  }
  const without = recipeWith({ gpu: { kind: 'llama-server', url } });
  await assert.rejects(ask(without, expert('code')), (error: WorkbenchError) => {
    assert.equal(error.code, 'notFound');
    assert.match(error.message, /'gpu' was not started with the adapter of 'code'/);
    const [, ...files] = error.hint!.split(' --lora ').map(part => part.split(' ')[0]!);
    assert.match(error.hint!, /llama-server -m BASE\.gguf --lora-init-without-apply/);
    assert.equal(files.length, 2);
    for (const file of files) assert.equal(readFileSync(file).subarray(0, 4).toString(), 'GGUF');
    return true;
  });
});

test('a stream says the same; probabilities and a form go along, several answers have seeds of their own; what cannot be is refused by name', async () => {
  const recipe = recipeWith({ gpu: gpu() });
  const input: CompleteRequest['input'] = { kind: 'chat', messages: [{ role: 'user', content: 'What is 3 + 4?' }] };
  const complete = (more: Partial<CompleteRequest>, onProgress: (told: CompleteProgress) => void = () => {}) =>
    engine.request('complete', { recipe, target: expert('math'), input, ...more }, { onProgress });
  const said = ['', ''];
  const asked = { count: 2, logprobs: 1, settings: { temperature: 0.9, seed: 3 } };
  const there = await complete(asked, told => {
    if (told.kind === 'text') said[told.answer] += told.text;
  });
  const here = await complete({ ...asked, engine: 'local' });
  assert.deepEqual(
    there.answers.map(({ text }) => text),
    here.answers.map(({ text }) => text),
  );
  assert.deepEqual(
    said,
    here.answers.map(({ text }) => text),
  );
  const tokens = (result: typeof here) => result.answers[0]!.logprobs!.map(({ token }) => token);
  assert.deepEqual(tokens(there), tokens(here));
  const form = { kind: 'schema', schema: { type: 'object', properties: { a: { type: 'boolean' } }, required: ['a'] } };
  const held = await complete({ format: form as CompleteRequest['format'] });
  assert.equal(typeof JSON.parse(held.answers[0]!.text).a, 'boolean');
  const text = { input: { kind: 'text', text: 'The sum' } as const };
  assert.equal(
    (await complete(text)).answers[0]!.text,
    (await complete({ ...text, engine: 'local' })).answers[0]!.text,
  );
  await assert.rejects(complete({ ...text, logprobs: 0 }), /the engine 'gpu' gives no probabilities of texts/);
  await assert.rejects(
    ask(recipeWith({ gpu: gpu() }, 'gpu', { router: { kind: 'arrow' } }), { kind: 'auto' }),
    /routes each token \('arrow'\), which engines elsewhere cannot/,
  );
  await assert.rejects(ask(recipe, expert('math'), { engine: 'cpu' }), /names no engine 'cpu'/);
});

test('one that is away is said, and this machine answers where the recipe allows it; not once words of an answer were told', async () => {
  const gone = await engineStandIn(() => {});
  await gone.close();
  const away = { kind: 'openai', url: `${gone.url}/v1`, model: 'base' };
  await assert.rejects(ask(recipeWith({ gpu: away }), { kind: 'base' }), /engine 'gpu' .* is not there/);
  const allowed = await ask(recipeWith({ gpu: { ...away, fallback: true } }), { kind: 'base' });
  assert.equal(allowed.engine, undefined);
  assert.ok(allowed.answerTokens > 0);
  assert.match(notices.join('\n'), /engine 'gpu' .* is not there .*: this machine answers in its place/);

  const dying = await engineStandIn(response => {
    sendEvents(response, [piece('The sum')]);
    setTimeout(() => response.socket!.destroy(), 20);
  });
  const recipe = recipeWith({ gpu: { ...away, url: `${dying.url}/v1`, fallback: true } });
  let told = '';
  const asked = engine.request(
    'ask',
    { recipe, target: { kind: 'base' }, prompt: 'What is 3 + 4?' },
    { onProgress: progress => void (progress.kind === 'text' && (told += progress.text)) },
  );
  await assert.rejects(asked, /ended its answer before it was complete/);
  assert.equal(told, 'The sum');
});

test('an adapter of a rank that vLLM was not started for is told as that, though it calls it a failure of its own', async () => {
  const said =
    "Worker failed with error 'LoRA rank 24 is greater than max_lora_rank 16.', please check the stack trace";
  const vllm = await engineStandIn(response => {
    response.writeHead(500, { 'Content-Type': 'application/json' });
    response.end(JSON.stringify({ error: { message: said, type: 'InternalServerError', code: 500 } }));
  });
  const recipe = recipeWith({ gpu: { kind: 'openai', url: `${vllm.url}/v1`, model: 'base', fallback: true } });
  await assert.rejects(ask(recipe, { kind: 'blend', name: 'half' }), (error: WorkbenchError) => {
    assert.equal(error.code, 'mismatch');
    assert.match(error.message, /'gpu' does not load the adapter 'blend-\w+': its rank is 24, and the server takes 16/);
    assert.match(error.hint!, /--max-lora-rank/);
    return true;
  });
});
