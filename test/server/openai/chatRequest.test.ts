import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chatBody, chatRequest } from '../../../src/server/openai/chatRequest.ts';
import { base } from '../../../src/text/target.ts';

const user = { role: 'user', content: 'Hi' };
const answerer = { model: 'base', target: base };
const weather = { type: 'function', function: { name: 'weather', parameters: { type: 'object' } } };

/** What the engine is asked for a body, its seed aside. */
function asked(body: object) {
  const { settings, ...request } = chatRequest(chatBody.parse({ messages: [user], ...body }), answerer, 256);
  const { seed, ...rest } = settings!;
  assert.ok(Number.isInteger(seed) && (seed as number) >= 0);
  return { ...request, settings: rest };
}

/** The path and message of what is wrong with a body. */
function problem(body: object): string {
  const { error } = chatBody.safeParse({ messages: [user], ...body });
  return `${error?.issues[0]?.path.join('.')}: ${error?.issues[0]?.message}`;
}

test('messages: developer is system, parts are texts, calls and their results keep their ids', () => {
  const call = { id: 'c1', type: 'function', function: { name: 'weather', arguments: '{"in":"Rome"}' } };
  const { input } = asked({
    messages: [
      { role: 'developer', content: 'Be brief.' },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'How is ' },
          { type: 'text', text: 'Rome?' },
        ],
      },
      { role: 'assistant', content: null, tool_calls: [call] },
      { role: 'tool', tool_call_id: 'c1', content: 'sunny' },
    ],
  });
  assert.deepEqual(input, {
    kind: 'chat',
    messages: [
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'How is Rome?' },
      {
        role: 'assistant',
        content: '',
        toolCalls: [{ ...call, function: { name: 'weather', arguments: { in: 'Rome' } } }],
      },
      { role: 'tool', content: 'sunny', toolCallId: 'c1' },
    ],
  });
});

test('settings: only what was given, null for what was not; -1 for as much as there is room for', () => {
  assert.deepEqual(asked({ temperature: null, stop: null, max_tokens: null }).settings, {});
  assert.deepEqual(
    asked({ temperature: 0.5, top_p: 0.9, top_k: 5, stop: 'x', max_tokens: 3, max_completion_tokens: 4 }).settings,
    { temperature: 0.5, topP: 0.9, topK: 5, stop: ['x'], maxTokens: 4 },
  );
  assert.deepEqual(asked({ max_tokens: -1, reasoning_effort: 'low' }).settings, { maxTokens: 256, thinking: true });
  assert.equal(chatRequest(chatBody.parse({ messages: [user], seed: 7 }), answerer, 256).settings!.seed, 7);
});

test('tools and formats', () => {
  const shown = { tools: [weather] };
  const strict = { tools: [{ ...weather, function: { ...weather.function, strict: true } }] };
  assert.deepEqual(
    [asked(strict).input, asked(strict).format],
    [{ kind: 'chat', messages: [user], ...shown }, undefined],
  );
  assert.deepEqual(asked({ ...strict, tool_choice: 'none' }).input, { kind: 'chat', messages: [user] });
  assert.deepEqual(asked({ ...strict, tool_choice: 'required' }).format, { kind: 'call', several: true });
  const single = { ...strict, tool_choice: 'required', parallel_tool_calls: false };
  assert.deepEqual(asked(single).format, { kind: 'call', several: false });
  const named = { type: 'function', function: { name: 'weather' } };
  assert.deepEqual(asked({ ...strict, tool_choice: named }).format, { kind: 'call', name: 'weather' });
  assert.throws(() => asked({ tool_choice: 'required' }), { status: 400, param: 'tool_choice' });
  const schema = { type: 'object', properties: { x: { type: 'number' } } };
  const format = { type: 'json_schema', json_schema: { name: 'x', strict: true, schema } };
  assert.deepEqual(asked({ response_format: format }).format, { kind: 'schema', schema });
  assert.deepEqual(asked({ response_format: { type: 'json_object' } }).format, { kind: 'json' });
  assert.equal(asked({ response_format: { type: 'text' } }).format, undefined);
});

test('what cannot be done is refused by its name, and where it stands', () => {
  const image = [{ type: 'image_url', image_url: { url: 'data:' } }];
  assert.equal(
    problem({ messages: [{ role: 'user', content: image }] }),
    "messages.0.content.0.type: Parts of type 'image_url' are not read: text alone is.",
  );
  assert.match(problem({ frequency_penalty: 0.5 }), /^frequency_penalty: 'frequency_penalty' is not supported/);
  assert.match(problem({ functions: [weather.function] }), /^functions: .*there is 'tools'/);
  assert.match(problem({ messages: [{ role: 'function', content: '', name: 'x' }] }), /^messages\.0\.role: /);
  const call = { type: 'function', function: { name: 'x', arguments: '[' } };
  assert.match(
    problem({ messages: [{ role: 'assistant', tool_calls: [call] }] }),
    /^messages\.0\.tool_calls\.0\.function/,
  );
  assert.deepEqual(asked({ frequency_penalty: 0, logit_bias: {}, user: 'me', store: true, unknown: 1 }).settings, {});
  assert.throws(() => asked({ top_logprobs: 2 }), { param: 'top_logprobs' });
});
