import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import {
  type ChatMessage,
  chatTemplateSource,
  createChatTemplate,
  promptIds,
  renderChat,
} from '../../../src/nn/tokenizer/chatTemplate.ts';
import type { WorkbenchError } from '../../../src/protocol/errors.ts';
import { loadTokenizer } from './loadTokenizer.ts';

const base = loadTokenizer('media/base');
const config = JSON.parse(readFileSync('media/base/tokenizer_config.json', 'utf8'));
const chatml = createChatTemplate(chatTemplateSource(config));
const talk: ChatMessage[] = [
  { role: 'user', content: '2 + 2?' },
  { role: 'assistant', content: '4' },
];

test('the base renders ChatML', () => {
  assert.equal(
    renderChat(chatml, talk, { addGenerationPrompt: false }),
    '<|im_start|>user\n2 + 2?<|im_end|>\n<|im_start|>assistant\n4<|im_end|>\n',
  );
  const ids = promptIds(base, chatml, talk.slice(0, 1));
  assert.equal(base.decode(ids), '<|im_start|>user\n2 + 2?<|im_end|>\n<|im_start|>assistant\n');
  assert.equal(ids.filter(id => id === 1).length, 2);
});

test('a base without a template gets plain turns', () => {
  const plain = createChatTemplate(chatTemplateSource({}));
  assert.equal(plain.isFallback, true);
  const options = { addGenerationPrompt: true, bosToken: '<s>', eosToken: '</s>' };
  assert.equal(renderChat(plain, talk, options), '<s>User: 2 + 2?\nAssistant: 4</s>\nAssistant:');
  assert.equal(renderChat(plain, talk.slice(0, 1), { addGenerationPrompt: true }), 'User: 2 + 2?\nAssistant:');
});

test('of named templates the default is taken', () => {
  const named = [
    { name: 'tool_use', template: 'tools' },
    { name: 'default', template: 'plain' },
  ];
  assert.equal(chatTemplateSource({ chat_template: named }), 'plain');
  assert.equal(chatTemplateSource({ chat_template: named.slice(0, 1) }), 'tools');
  assert.equal(chatTemplateSource({ chat_template: null }), undefined);
});

test('the day does not change a prompt', () => {
  const dated = createChatTemplate("{{ strftime_now('%d %b %Y') }}");
  assert.equal(renderChat(dated, talk, { addGenerationPrompt: true }), '26 Jul 2024');
});

test('errors of a template are of the project’s own type', () => {
  assert.throws(
    () => createChatTemplate('{% for m in %}'),
    (error: WorkbenchError) => error.code === 'badFile' && error.message.startsWith('The chat template cannot be read'),
  );
  const refusing = createChatTemplate("{{ raise_exception('no system messages') }}");
  assert.throws(
    () => renderChat(refusing, talk, { addGenerationPrompt: true }),
    (error: WorkbenchError) => error.code === 'badRequest' && /no system messages/.test(error.message),
  );
});
