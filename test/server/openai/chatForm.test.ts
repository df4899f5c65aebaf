import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CompleteResult } from '../../../src/protocol/engine/completing.ts';
import { chatForm } from '../../../src/server/openai/chatForm.ts';
import { chatBody } from '../../../src/server/openai/chatRequest.ts';

const calls = [
  { id: 'c1', name: 'weather', arguments: '{"in":"Rome"}' },
  { id: 'c2', name: 'time', arguments: '{}' },
];
const result: CompleteResult = {
  answers: [{ text: '', reasoning: 'hm', toolCalls: calls, finish: 'toolCalls', answerTokens: 9 }],
  weights: { math: 1 },
  promptTokens: 7,
  cachedTokens: 3,
  timings: { waitMs: 0, prefillMs: 0, decodeMs: 0 },
};
const form = (more: object) =>
  chatForm('math', chatBody.parse({ messages: [{ role: 'user', content: 'Hi' }], ...more }));
type Choice = { delta: Record<string, unknown>; message: Record<string, unknown>; finish_reason: string };
const choice = (answer: unknown) => (answer as { choices: [Choice] }).choices[0];

test('calls of an answer: in one message, or id and name with the first piece of each; alone where not in parallel', () => {
  const { message, finish_reason } = choice(form({}).whole([result]));
  const functions = calls.map(({ id, name, arguments: json }) => ({
    id,
    type: 'function',
    function: { name, arguments: json },
  }));
  assert.equal(finish_reason, 'tool_calls');
  assert.deepEqual(message, {
    role: 'assistant',
    content: null,
    refusal: null,
    reasoning_content: 'hm',
    tool_calls: functions,
  });
  const alone = form({ parallel_tool_calls: false });
  assert.deepEqual(choice(alone.whole([result])).message.tool_calls, functions.slice(0, 1));
  const first = { kind: 'toolCall', answer: 0, call: 0, id: 'c1', name: 'weather', arguments: '{"in"' } as const;
  const pieces = [first, { kind: 'toolCall', answer: 0, call: 0, arguments: ':"Rome"}' } as const].flatMap(told =>
    form({}).piece(told, 0),
  );
  assert.deepEqual(
    pieces.map(piece => choice(piece).delta.tool_calls),
    [
      [{ index: 0, id: 'c1', type: 'function', function: { name: 'weather', arguments: '{"in"' } }],
      [{ index: 0, function: { arguments: ':"Rome"}' } }],
    ],
  );
  assert.deepEqual(alone.piece({ ...first, call: 1 }, 0), []);
});

test('tokens are told at the end of a stream where they were asked for', () => {
  const events = form({ stream_options: { include_usage: true } }).close([result]) as [Record<string, unknown>, string];
  assert.deepEqual(events[0].usage, {
    prompt_tokens: 7,
    completion_tokens: 9,
    total_tokens: 16,
    prompt_tokens_details: { cached_tokens: 3 },
  });
  assert.deepEqual([events[0].choices, events[1]], [[], '[DONE]']);
  assert.deepEqual(form({}).close([result]), ['[DONE]']);
});
