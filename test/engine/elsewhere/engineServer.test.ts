import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { afterEach, test } from 'node:test';
import { engineKey } from '../../../src/engine/elsewhere/engineKey.ts';
import { engineServer } from '../../../src/engine/elsewhere/engineServer.ts';
import { readAnswer } from '../../../src/engine/elsewhere/readAnswer.ts';
import { isAway } from '../../../src/engine/elsewhere/serverErrors.ts';
import type { WorkbenchError } from '../../../src/protocol/errors.ts';
import { engineStandIn, piece, sendEvents } from '../../support/engineStandIn.ts';

const json = (response: ServerResponse, status: number, body: unknown, headers = {}) => {
  response.writeHead(status, { 'Content-Type': 'application/json', ...headers });
  response.end(typeof body === 'string' ? body : JSON.stringify(body));
};

/** What is told of an answer, and its end. */
async function ask(url: string, { timeout = 5, key = undefined as string | undefined, signal = never } = {}) {
  const server = engineServer({ name: 'gpu', url: `${url}/v1`, key, timeout, waits: [0, 0] });
  let told = '';
  const events = server.events(`${server.root}/v1/chat/completions`, { messages: [] }, signal);
  const tell = (progress: { kind: string }) => {
    if (progress.kind === 'text') told += (progress as { text?: string }).text;
  };
  const read = readAnswer(server, events, { answer: 0, signal, tell });
  const [ended] = await Promise.allSettled([read]);
  return {
    told,
    answer: ended.status === 'fulfilled' ? ended.value : undefined,
    error: ended.status === 'rejected' ? (ended.reason as WorkbenchError) : undefined,
  };
}
const never = new AbortController().signal;

test('an answer is read to its end, with its reasoning, its calls and its tokens', async () => {
  const call = (index: number, name: string | undefined, text: string) => ({
    choices: [{ delta: { tool_calls: [{ index, id: `c${index}`, function: { name, arguments: text } }] } }],
  });
  const { url } = await engineStandIn(response => {
    sendEvents(response, [
      { choices: [{ delta: { role: 'assistant', content: '', reasoning_content: 'Hm.' } }] },
      piece('The '),
      piece('sum.'),
      call(0, 'add', '{"a":'),
      call(0, undefined, '1}'),
      { choices: [{ delta: {}, finish_reason: 'tool_calls' }] },
      { choices: [], usage: { prompt_tokens: 7, completion_tokens: 5 } },
      '[DONE]',
    ]);
    response.end();
  });
  const { told, answer } = await ask(url);
  assert.equal(told, 'The sum.');
  assert.deepEqual(answer!.answer, {
    text: 'The sum.',
    reasoning: 'Hm.',
    toolCalls: [{ id: 'c0', name: 'add', arguments: '{"a":1}' }],
    finish: 'toolCalls',
  });
  assert.deepEqual(answer!.usage, { promptTokens: 7, answerTokens: 5, cachedTokens: 0 });
});

test('what goes wrong says which engine, where it is, and what to do; what may pass is tried three times', async () => {
  const cut = (after: number) => (response: ServerResponse) => {
    sendEvents(response, [piece('The sum is'), piece(' 4')].slice(0, after));
    setTimeout(() => response.socket!.destroy(), 20);
  };
  const cases: {
    answer: (response: ServerResponse) => void;
    code: string;
    message: RegExp;
    hint: RegExp;
    tries: number;
    told?: string;
    away?: true;
  }[] = [
    {
      answer: r => json(r, 401, { error: { message: 'Unauthorized' } }),
      code: 'denied',
      message: /engine 'gpu' \(http:\/\/127\.0\.0\.1:\d+\) wants a key: Unauthorized/,
      hint: /MULTI_LORA_KEY_127_0_0_1_\d+/,
      tries: 1,
    },
    {
      answer: r => json(r, 404, { error: { message: 'The model `x` does not exist.' } }),
      code: 'notFound',
      message: /'gpu' .* The model `x` does not exist/,
      hint: /'model' of the engine/,
      tries: 1,
    },
    {
      answer: r => json(r, 400, { message: 'maximum context length is 512 tokens' }),
      code: 'badRequest',
      message: /refuses the prompt: maximum context length/,
      hint: /Shorten/,
      tries: 1,
    },
    {
      answer: r => json(r, 429, 'slow down', { 'Retry-After': '0' }),
      code: 'busy',
      message: /too much to do \(status 429\): slow down/,
      hint: /later/,
      tries: 3,
      away: true,
    },
    {
      answer: r => json(r, 500, '<html>'),
      code: 'network',
      message: /failed with status 500$/,
      hint: /log/,
      tries: 1,
      away: true,
    },
    {
      answer: r => json(r, 307, '', { Location: 'http://example.com/' }),
      code: 'network',
      message: /sends on to another address/,
      hint: /recipe/,
      tries: 1,
    },
    { answer: r => json(r, 200, '{}'), code: 'network', message: /no stream of events/, hint: /\/v1/, tries: 1 },
    { answer: cut(0), code: 'network', message: /before it was complete/, hint: /Ask again/, tries: 3, away: true },
    {
      answer: cut(2),
      code: 'network',
      message: /before it was complete/,
      hint: /What came of it/,
      tries: 1,
      told: 'The sum is 4',
      away: true,
    },
    {
      answer(r) {
        sendEvents(r, [piece('The'), '{"choices": [{"del']);
        r.end();
      },
      code: 'network',
      message: /an event of it is no whole JSON/,
      hint: /Ask again/,
      tries: 1,
      told: 'The',
      away: true,
    },
    {
      answer(r) {
        sendEvents(r, [piece('The'), { error: { message: 'out of memory' } }]);
        r.end();
      },
      code: 'network',
      message: /\(out of memory\)/,
      hint: /log/,
      tries: 1,
      told: 'The',
      away: true,
    },
    {
      answer(r) {
        sendEvents(r, [piece('The')]);
        r.end();
      },
      code: 'network',
      message: /the connection was closed/,
      hint: /Ask again/,
      tries: 1,
      told: 'The',
      away: true,
    },
  ];
  for (const { answer, code, message, hint, tries, told = '', away = false } of cases) {
    const { url, asked } = await engineStandIn(answer);
    const { error, told: said } = await ask(url);
    assert.equal(error?.code, code, String(message));
    assert.match(error!.message, message);
    assert.match(error!.hint ?? '', hint);
    assert.deepEqual([asked.length, said, isAway(error)], [tries, told, away], String(message));
  }
});

test('one that is not there, and one that says nothing, is away; what recovers between two tries answers', async () => {
  const gone = await engineStandIn(() => {});
  await gone.close();
  const away = await ask(gone.url);
  assert.match(away.error!.message, /engine 'gpu' .* is not there \(ECONNREFUSED\)/);
  assert.match(away.error!.hint!, /Start it.*"fallback": true/);
  assert.ok(isAway(away.error));

  const slow = await engineStandIn(response => sendEvents(response, [piece('Well')]));
  const silent = await ask(slow.url, { timeout: 0.2 });
  assert.match(silent.error!.message, /has not responded for 0.2 s/);
  assert.match(silent.error!.hint!, /'timeout'/);
  assert.deepEqual([silent.told, slow.asked.length], ['Well', 1]);

  const busy = await engineStandIn((response, _, times) => {
    if (times === 1) return json(response, 503, 'loading the model');
    sendEvents(response, [piece('Here.', { finish_reason: 'stop' }), '[DONE]']);
    response.end();
  });
  assert.equal((await ask(busy.url)).answer?.answer.text, 'Here.');
});

test('a request that is given up ends with what was said, and the server is left', async () => {
  const abort = new AbortController();
  const left = new Promise<void>(resolve => {
    void engineStandIn(response => {
      sendEvents(response, [piece('One')]);
      response.on('close', resolve);
      setTimeout(() => abort.abort(), 20);
    }).then(async ({ url }) => {
      const { answer } = await ask(url, { signal: abort.signal });
      assert.deepEqual([answer?.answer.text, answer?.answer.finish], ['One', 'cancelled']);
    });
  });
  await left;
});

const named = 'MULTI_LORA_KEY_GPU_EXAMPLE_COM_8000';
afterEach(() => {
  delete process.env[named];
});

test('a key goes to the host that it is of, encrypted or within this machine, and into no message', async () => {
  process.env[named] = 'sk-secret';
  assert.equal(engineKey('https://gpu.example.com:8000/v1'), 'sk-secret');
  assert.equal(engineKey('https://other.example.com:8000/v1'), undefined);
  assert.equal(engineKey('https://gpu.example.com:8000/v1', { 'https://gpu.example.com:8000': 'own' }), 'own');
  const refused = (url: string, keys?: Record<string, string>) => {
    try {
      return engineKey(url, keys);
    } catch (error) {
      return error as WorkbenchError;
    }
  };
  for (const error of [
    refused('http://gpu.example.com:8000/v1'),
    refused('https://a.b', { 'https://a.b': 'sk secret' }),
  ]) {
    assert.equal((error as WorkbenchError).code, 'badRequest');
    assert.doesNotMatch(`${(error as WorkbenchError).message}${(error as WorkbenchError).hint}`, /sk.secret/);
  }
  const { url, asked } = await engineStandIn(response => json(response, 403, {}));
  const { error } = await ask(url, { key: 'sk-own' });
  assert.match(error!.message, /does not accept the key/);
  assert.equal(asked[0]!.authorization, 'Bearer sk-own');
});
