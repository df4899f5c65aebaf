import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ChatMessage, createChatTemplate } from '../../../src/nn/tokenizer/chatTemplate.ts';
import { toolPrompt } from '../../../src/nn/tokenizer/toolPrompt.ts';
import { callTemplates } from './callTemplates.ts';

const call = (id: string | undefined, city: string) => ({
  ...(id && { id }),
  type: 'function' as const,
  function: { name: 'weather', arguments: { city } },
});
const tools = [{ type: 'function', function: { name: 'weather', parameters: { type: 'object', properties: {} } } }];

function promptOf(name: string, messages: ChatMessage[]) {
  const { tokenizer, template } = callTemplates[name]!;
  const { prompt, calls } = toolPrompt(tokenizer, template, { messages, tools }, false);
  return { text: tokenizer.decode(prompt), calls };
}

test('ids of other services become ids that the template takes, a call and its result the same one', () => {
  const { text, calls } = promptOf('Mistral 7B v0.3', [
    { role: 'user', content: 'q' },
    { role: 'assistant', content: '', toolCalls: [call('call_1234567890', 'Bern'), call('abcdefghi', 'Rome')] },
    { role: 'tool', content: 'sunny', toolCallId: 'call_1234567890' },
    { role: 'assistant', content: '', toolCalls: [call(undefined, 'Oslo')] },
  ]);
  const ids = [...text.matchAll(/"id": "(\w+)"/g)].map(([, id]) => id);
  assert.deepEqual(ids, ['call00001', 'abcdefghi', 'call00002']);
  assert.ok(calls?.hasShortIds);
  assert.match(promptOf('Qwen3', [{ role: 'user', content: 'q' }]).text, /"name": "weather"/);
});

test('without tools, nothing is looked for', () => {
  const { tokenizer, template } = callTemplates.Qwen3!;
  const messages: ChatMessage[] = [{ role: 'user', content: 'q' }];
  assert.equal(toolPrompt(tokenizer, template, { messages }, false).calls, undefined);
  assert.equal(toolPrompt(tokenizer, template, { messages, tools: [] }, false).calls, undefined);
});

test('a template that tells of tools and writes no calls is refused by that', () => {
  const { tokenizer } = callTemplates.Qwen3!;
  const silent = createChatTemplate(
    "{{ tools | tojson }}{% for m in messages %}{{ '<|im_start|>' + m.role + '\n' + m.content + '<|im_end|>\n' }}{% endfor %}",
    'chat_template.jinja',
  );
  assert.throws(() => toolPrompt(tokenizer, silent, { messages: [{ role: 'user', content: 'q' }], tools }, false), {
    code: 'unsupported',
    message: /^chat_template\.jinja: the chat template tells the model of tools, but not in which form it calls them$/,
  });
});
