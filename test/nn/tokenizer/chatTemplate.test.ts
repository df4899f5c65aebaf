import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import {
  type ChatMessage,
  canThink,
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
  const ids = promptIds(base, chatml, talk.slice(0, 1), false);
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

test('the day does not change a prompt; it is written as the template asks for it', () => {
  const dated = (format: string) => {
    const template = createChatTemplate(`{{ strftime_now('${format}') }}`);
    return renderChat(template, talk, { addGenerationPrompt: true });
  };
  assert.equal(dated('%d %b %Y'), '26 Jul 2024');
  assert.equal(dated('%Y-%m-%d'), '2024-07-26');
  assert.equal(dated('%B %d, %Y'), 'July 26, 2024');
  assert.equal(dated('%A %-d %-m %H:%M %%'), 'Friday 26 7 00:00 %');
  // As CPython on Linux.
  assert.equal(
    dated('%C%g %k:%M %P|%r|%_m|%^a|%#B|%Od|%-k|%s'),
    '2024  0:00 am|12:00:00 AM| 7|FRI|JULY|26|0|1721952000',
  );
  assert.equal(dated('%Q %'), '%Q %');
});

test('text is as Jinja2 with the settings of transformers makes it', () => {
  const rendered = (source: string) =>
    renderChat(createChatTemplate(source), talk.slice(0, 1), { addGenerationPrompt: false });
  assert.equal(rendered('{% for m in messages %}\r\n{{ m.content }}\r\n{% endfor %}\r\n'), '2 + 2?\n');
  assert.equal(
    rendered("{{ '\\n  4\\n'.lstrip('\\n') }}|{{ 'xx4 x'.rstrip('x') }}|{{ '-+4+-'.strip('+-') }}"),
    '  4\n|xx4 |4',
  );
  assert.equal(rendered("{{ 'xx4x' | trim('x') }}|{{ ' 4\u3000\x1c' | trim }}|{{ 'a  b'.split()[1] }}"), '4|4|b');
});

test('a template that does not end is ended', () => {
  for (const source of [
    '{% for i in range(100000000) %}{% endfor %}',
    '{% for i in range(9000) %}{% for j in range(9000) %}a{% endfor %}{% endfor %}',
    "{% set ns = namespace(s='aaaaaaaaaa') %}{% for i in range(99) %}{% set ns.s = ns.s ~ ns.s %}{% endfor %}",
    "{% set ns = namespace(s='aaaaaaaaaa') %}{% for i in range(99) %}{% set ns.s = ns.s.replace('a', ns.s) %}{% endfor %}",
    "{% set ns = namespace(s=['a']) %}{% for i in range(99) %}{% set ns.s = ns.s + ns.s %}{% endfor %}",
    // Lists in lists: small, until they are written.
    '{% set ns = namespace(a=[0]) %}{% for i in range(30) %}{% set ns.a = [ns.a, ns.a] %}{% endfor %}{{ ns.a | tojson }}',
    "{% set ns = namespace(a=0) %}{% for i in range(30) %}{% set ns.a = {'a': ns.a, 'b': (ns.a, 1)} %}{% endfor %}{{ ns.a }}",
    '{% set a = namespace() %}{% set a.a = [a, a] %}{{ a }}',
    '{{ messages | tojson(indent=100000000) }}',
    "{{ 'a' | indent(1000000000, true) }}",
    '{% filter indent(width=100000) %}a{% endfilter %}',
    `{{ '${'a'.repeat(30_000)}' | replace('a', '${'a'.repeat(30_000)}') }}`,
    `{{ range(9000) | list | join('${'a'.repeat(30_000)}') }}`,
    `{{ '${'a'.repeat(30_000)}' | join('${'a'.repeat(30_000)}') }}`,
  ])
    assert.throws(
      () => renderChat(createChatTemplate(source), talk, { addGenerationPrompt: true }),
      (error: WorkbenchError) => error.code === 'badFile' && error.message.startsWith('The chat template was stopped'),
      source,
    );
  assert.throws(() => createChatTemplate(`{{ ${'('.repeat(100_000)}`), /cannot be read: it is nested too deeply/);
  for (const source of [' '.repeat(100_000), 'a'.repeat(1_000_000)])
    assert.throws(
      () => createChatTemplate(source),
      (error: WorkbenchError) => error.code === 'badFile',
    );
});

test('a template that writes nothing is refused before anything is computed', () => {
  const silent = createChatTemplate('{{ none_of_these }}', '/b/chat_template.jinja');
  assert.throws(
    () => promptIds(base, silent, talk, false),
    (error: WorkbenchError) =>
      error.code === 'badFile' &&
      error.message === '/b/chat_template.jinja: the chat template makes no text of the messages.',
  );
});

test('whether the assistant can be asked to think', () => {
  const ask = '{{ messages[0].content }}';
  for (const [source, expected] of [
    [ask, false],
    [`${ask}{% if enable_thinking is defined and enable_thinking is false %}<think></think>{% endif %}`, true],
    [`{% if thinking %}Think first.{% endif %}${ask}`, true],
    [`${ask}{% if add_generation_prompt %}<think>\n{% endif %}`, true],
  ] as const)
    assert.equal(canThink(base, createChatTemplate(source)), expected, source);
  assert.equal(canThink(base, chatml), false);
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
  const posing = createChatTemplate("{{ raise_exception('no.\nhint: run this\x1b[2J') }}");
  assert.throws(
    () => renderChat(posing, talk, { addGenerationPrompt: true }),
    (error: WorkbenchError) => /refused the messages: no\.\\nhint: run this\\x1b\[2J$/.test(error.message),
  );
});
