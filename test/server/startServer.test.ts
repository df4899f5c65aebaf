import assert from 'node:assert/strict';
import { request } from 'node:http';
import { after, before, test } from 'node:test';
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { generateText, streamText } from 'ai';
import OpenAI, { AuthenticationError, BadRequestError, NotFoundError } from 'openai';
import { type RunningServer, startServer } from '../../src/server/startServer.ts';
import { testEngine } from '../support/programs.ts';
import { loudAdapter, servedExperiment } from '../support/servedExperiment.ts';
import { untilWithin } from '../support/untilWithin.ts';

const engine = testEngine();
const recipe = servedExperiment();
let server: RunningServer;
let client: OpenAI;
before(async () => {
  server = await startServer(engine, { source: { recipe }, port: 0 });
  client = new OpenAI({ baseURL: server.url, apiKey: 'none', maxRetries: 0 });
});
after(() => server.close());

const root = () => server.url.replace('/v1', '');
const get = (path: string, headers = {}) => fetch(`${root()}${path}`, { headers });
const post = (path: string, body: unknown, init: RequestInit = {}) =>
  fetch(`${root()}${path}`, { method: 'POST', body: JSON.stringify(body), ...init });
const messages = [{ role: 'user', content: 'What is 3 + 4?' }] as const;
const chat = { messages: [...messages], temperature: 0, max_tokens: 8 };

/** What a model says to one question, with how probable it is: different models may use the same words. */
async function say(model: string, more = {}): Promise<string> {
  const { choices } = await client.chat.completions.create({ ...chat, model, logprobs: true, ...more });
  const { message, logprobs } = choices[0]!;
  return [message.content, ...logprobs!.content!.map(({ logprob }) => logprob.toFixed(3))].join(' ');
}

test('models: router, base, trained experts and blends, adapters with their parent; a blend called as an expert has its kind before it', async () => {
  const { data } = await client.models.list();
  assert.deepEqual(
    data.map(({ id, ...more }) => [id, 'parent' in more && more.parent]),
    [
      ['auto', null],
      ['base', null],
      ['math', 'base'],
      ['code', 'base'],
      ['half', null],
      ['blend:math', null],
    ],
  );
  assert.equal((await client.models.retrieve('blend:math')).id, 'blend:math');
  const models = ['base', 'math', 'code', 'half', 'blend:math', 'weights:math=-0.5'];
  const said = await Promise.all(models.map(model => say(model)));
  assert.equal(new Set(said).size, models.length, said.join(' | '));
  assert.equal(await say('expert:math'), said[1]);
  assert.equal(await say('weights:math=0.5,code=0.5'), said[3]);
});

test('a chat of OpenAI’s client: choices, probabilities and tokens; a stream says the same', async () => {
  const asked = { ...chat, model: 'half', n: 2, logprobs: true, top_logprobs: 2, temperature: 0.9, seed: 3 };
  const whole = await client.chat.completions.create(asked);
  assert.equal(whole.object, 'chat.completion');
  assert.deepEqual(
    whole.choices.map(choice => choice.index),
    [0, 1],
  );
  const { prompt_tokens, completion_tokens, total_tokens, prompt_tokens_details } = whole.usage!;
  assert.ok(prompt_tokens > 10 && completion_tokens > 1 && total_tokens === prompt_tokens + completion_tokens);
  const [first] = whole.choices[0]!.logprobs!.content!;
  assert.equal(first!.top_logprobs.length, 2);
  assert.equal(new TextDecoder().decode(Uint8Array.from(first!.bytes!)), first!.token);

  const stream = await client.chat.completions.create({
    ...asked,
    stream: true,
    stream_options: { include_usage: true },
  });
  const said = ['', ''];
  const ends: unknown[] = [];
  const tokens: string[] = [];
  let usage: OpenAI.CompletionUsage | null | undefined;
  for await (const { choices, usage: told } of stream) {
    usage = told;
    for (const { index, delta, finish_reason, logprobs } of choices) {
      said[index] += delta.content ?? '';
      if (finish_reason) ends[index] = finish_reason;
      if (index === 0) tokens.push(...(logprobs?.content ?? []).map(({ token }) => token));
    }
  }
  assert.deepEqual(
    said,
    whole.choices.map(choice => choice.message.content),
  );
  assert.deepEqual(
    ends,
    whole.choices.map(choice => choice.finish_reason),
  );
  assert.equal(tokens.join(''), whole.choices[0]!.logprobs!.content!.map(({ token }) => token).join(''));
  assert.equal(usage!.completion_tokens, completion_tokens);
  assert.ok(prompt_tokens_details!.cached_tokens! < prompt_tokens);
  assert.equal(usage!.prompt_tokens_details!.cached_tokens, prompt_tokens - 1, 'it was read before');
});

test('completions of OpenAI’s client: several prompts, stop, probabilities', async () => {
  const asked = { model: 'base', prompt: ['The cat', 'A dog'], max_tokens: 5, temperature: 0, logprobs: 1 };
  const { choices, usage } = await client.completions.create(asked);
  assert.equal(usage!.completion_tokens, 10);
  assert.deepEqual(
    choices.map(choice => [choice.index, choice.finish_reason, choice.logprobs!.tokens!.join('') === choice.text]),
    [
      [0, 'length', true],
      [1, 'length', true],
    ],
  );
  const word = choices[0]!.logprobs!.tokens![2]!;
  const stopped = await client.completions.create({ ...asked, prompt: 'The cat', logprobs: null, stop: word });
  assert.deepEqual(
    [stopped.choices[0]!.text, stopped.choices[0]!.finish_reason],
    [choices[0]!.text.slice(0, choices[0]!.text.indexOf(word)), 'stop'],
  );
  const texts = ['', ''];
  for await (const piece of await client.completions.create({ ...asked, stream: true }))
    for (const { index, text } of piece.choices) texts[index] += text;
  assert.deepEqual(
    texts,
    choices.map(choice => choice.text),
  );
});

test('the AI SDK: a text and a stream', async () => {
  const model = createOpenAICompatible({ name: 'experts', baseURL: server.url, includeUsage: true })('code');
  const asked = { model, prompt: 'What is 3 + 4?', temperature: 0, maxOutputTokens: 8, maxRetries: 0 };
  const { text, finishReason, usage } = await generateText(asked);
  assert.ok((await say('code')).startsWith(`${text} -`));
  assert.ok(['stop', 'length'].includes(finishReason) && usage.outputTokens! > 0);
  const streamed = streamText(asked);
  assert.equal(await streamed.text, text);
  assert.equal((await streamed.usage).outputTokens, usage.outputTokens);
});

test('errors are OpenAI’s, before a stream as without one; what has no effect is refused by name', async () => {
  const fails = (work: Promise<unknown>, kind: typeof NotFoundError | typeof BadRequestError, expected: object) =>
    assert.rejects(work, error => {
      assert.ok(error instanceof kind, String(error));
      const { status, code, param } = error;
      assert.deepEqual({ status, code, param }, expected);
      return true;
    });
  const create = (more: object) => client.chat.completions.create({ ...chat, model: 'base', ...more } as never);
  await fails(create({ model: 'later' }), NotFoundError, { status: 404, code: 'model_not_found', param: 'model' });
  const long = [{ role: 'user', content: 'word '.repeat(400) }];
  for (const stream of [false, true])
    await fails(create({ messages: long, stream }), BadRequestError, {
      status: 400,
      code: 'context_length_exceeded',
      param: null,
    });
  await fails(create({ presence_penalty: 1 }), BadRequestError, {
    status: 400,
    code: 'unsupported_parameter',
    param: 'presence_penalty',
  });
  await fails(create({ messages: undefined }), BadRequestError, {
    status: 400,
    code: 'missing_required_parameter',
    param: 'messages',
  });
  await fails(client.embeddings.create({ model: 'base', input: 'x' }), NotFoundError, {
    status: 404,
    code: 'unsupported_endpoint',
    param: null,
  });
  const raw = await post('/v1/chat/completions', undefined, { body: '{' });
  assert.deepEqual([raw.status, (await raw.json()).error.code], [400, 'invalid_json']);
  assert.equal((await post('/v1/completions', 'x'.repeat(10_000_001))).status, 413);
});

test('a stream is server-sent events that end with [DONE]', async () => {
  const answer = await post('/v1/chat/completions', { ...chat, model: 'math', stream: true });
  assert.match(answer.headers.get('content-type')!, /^text\/event-stream/);
  const events = (await answer.text()).split('\n\n');
  assert.deepEqual(events.slice(-2), ['data: [DONE]', '']);
  const chunks = events.slice(0, -2).map(event => JSON.parse(event.replace(/^data: /, '')));
  assert.deepEqual(chunks[0].choices[0].delta, { role: 'assistant', content: '', refusal: null });
  assert.deepEqual(chunks.at(-1).multi_lora, { weights: { math: 1 } });
  assert.equal(new Set(chunks.map(chunk => chunk.id)).size, 1);
});

test('vLLM’s and llama-server’s adapters: loaded, scaled, replaced and unloaded while it runs', async () => {
  const load = (more: object) => post('/v1/load_lora_adapter', { lora_name: 'qa', ...more });
  assert.match(await (await load({ lora_path: loudAdapter(3) })).text(), /^Success: .*'qa'/);
  const third = await say('qa');
  assert.notEqual(third, await say('base'));
  // The router's words for such a name are not read: the recipe has no expert of it.
  const asked = {
    ...chat,
    model: 'auto',
    messages: [{ role: 'user', content: 'According to the passage, who wrote it?' }],
  };
  const routed = await (await post('/v1/chat/completions', asked)).json();
  const { hint, ...answered } = routed.multi_lora;
  assert.deepEqual(answered, { weights: {}, abstained: true });
  assert.match(hint, /^This is beyond the demonstration base, .*“passage”/);
  assert.equal((await load({ lora_path: loudAdapter(4) })).status, 400, 'there is one of that name');
  assert.equal((await load({ lora_name: 'other', lora_path: '/not/there' })).status, 404);
  assert.equal((await load({ lora_path: loudAdapter(4), load_inplace: true })).status, 200);
  const replaced = await say('qa');
  assert.notEqual(replaced, third);

  const list = async () => (await (await get('/lora-adapters')).json()) as { id: number; scale: number }[];
  assert.deepEqual(
    (await list()).map(({ id, scale }) => [id, scale]),
    [
      [0, 0],
      [1, 0],
      [2, 0],
    ],
  );
  assert.equal(await say('base', { lora: [{ id: 2, scale: 1 }] }), replaced);
  assert.equal((await post('/lora-adapters', [{ id: 2, scale: 1 }])).status, 200);
  assert.equal((await list())[2]!.scale, 1);
  assert.deepEqual([await say('auto'), await say('math')], [replaced, await say('expert:math')]);
  assert.equal((await post('/lora-adapters', [{ id: 9, scale: 1 }])).status, 400);
  await post('/lora-adapters', []);
  assert.notEqual(await say('auto'), replaced);

  assert.equal((await post('/v1/unload_lora_adapter', { lora_name: 'qa' })).status, 200);
  assert.equal((await post('/v1/unload_lora_adapter', { lora_name: 'qa' })).status, 404);
  await assert.rejects(say('qa'), NotFoundError);
});

test('tokens, health and metrics', async () => {
  const { tokens } = await (await post('/tokenize', { content: 'Hello there', with_pieces: true })).json();
  assert.equal(tokens.map((token: { piece: string }) => token.piece).join(''), 'Hello there');
  const ids = await (await post('/tokenize', { content: 'Hello there' })).json();
  assert.deepEqual(
    ids.tokens,
    tokens.map((token: { id: number }) => token.id),
  );
  assert.deepEqual(await (await get('/health')).json(), { status: 'ok' });
  const metrics = await (await get('/metrics')).text();
  assert.match(
    metrics,
    /^multi_lora_requests_total\{endpoint="\/v1\/chat\/completions",status="200",model="math"\} \d/m,
  );
  assert.match(metrics, /^multi_lora_requests_running 0$/m);
});

test('a client that goes away gives its request up in the engine', async () => {
  const cancelled = async () =>
    Number(/^multi_lora_requests_cancelled_total\S* (\d+)$/m.exec(await (await get('/metrics')).text())?.[1] ?? 0);
  const running = async () => /^multi_lora_requests_running (\d+)$/m.exec(await (await get('/metrics')).text())![1];
  const abort = new AbortController();
  const endless = { model: 'base', prompt: 'word', stream: true, temperature: 2, max_tokens: -1, n: 8 };
  const answer = await post('/v1/completions', endless, { signal: abort.signal });
  await answer.body!.getReader().read();
  assert.equal(await running(), '1');
  abort.abort();
  const until = untilWithin(20_000, 20);
  await until(async () => (await cancelled()) === 1);
  await until(async () => (await running()) === '0');
});

test('other hosts’ names and pages are turned away; with a key, who has none', async t => {
  const { port } = new URL(server.url);
  const status = await new Promise(resolve => {
    const headers = { host: `rebound.example:${port}` };
    request({ port, host: '127.0.0.1', path: '/v1/models', headers }, answer => resolve(answer.statusCode)).end();
  });
  assert.equal(status, 403);
  assert.equal((await get('/health', { origin: 'http://page.example' })).status, 403);
  assert.equal((await get('/health', { origin: root() })).status, 200);
  const headers = [...(await get('/v1/models')).headers.keys()];
  assert.deepEqual(
    headers.filter(name => name.startsWith('access-control')),
    [],
  );
  await assert.rejects(startServer(engine, { source: {}, host: '0.0.0.0', port: 0 }), { code: 'denied' });
  await assert.rejects(startServer(engine, { source: {}, port: Number(port) }), { code: 'network' });
  const closed = await startServer(engine, { source: {}, host: '0.0.0.0', port: 0, apiKey: 'secret' });
  t.after(() => closed.close());
  const withKey = (apiKey: string) => new OpenAI({ baseURL: closed.url, apiKey, maxRetries: 0 }).models.list();
  await assert.rejects(withKey('wrong'), AuthenticationError);
  assert.deepEqual(
    (await withKey('secret')).data.map(model => model.id),
    ['auto', 'base'],
  );
});
