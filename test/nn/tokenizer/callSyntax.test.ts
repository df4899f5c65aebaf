import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type CallSyntax, callSyntax } from '../../../src/nn/tokenizer/callSyntax.ts';
import { createChatTemplate } from '../../../src/nn/tokenizer/chatTemplate.ts';
import { callTemplates } from './callTemplates.ts';

const tags = { open: '<tool_call>\n', close: '\n</tool_call>', next: '\n<tool_call>\n', end: '' };
const expected: Record<string, Partial<CallSyntax>> = {
  'Qwen2.5': tags,
  Qwen3: tags,
  'DeepSeek V3': {
    open: '<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>',
    close: '\n```<｜tool▁call▁end｜>',
    next: '\n<｜tool▁call▁begin｜>function<｜tool▁sep｜>',
    end: '<｜tool▁calls▁end｜>',
    body: { kind: 'named', between: '\n```json\n' },
  },
  'Llama 3.2': {
    open: '',
    close: '',
    end: '',
    otherOpen: '<|python_tag|>',
    body: {
      kind: 'object',
      sample: { name: 'callaxq', parameters: { argaxq: 'x' } },
      name: ['name'],
      arguments: ['parameters'],
      isText: false,
    },
  },
  'Mistral 7B v0.3': { open: '[TOOL_CALLS] [', close: '', next: ', ', end: ']', hasShortIds: true },
  'Mistral Small 3.2': {
    open: '[TOOL_CALLS]',
    close: '',
    next: '[TOOL_CALLS]',
    end: '',
    body: { kind: 'named', between: '[ARGS]' },
  },
  Functionary: { open: '<function=', close: '</function>', next: '<function=', body: { kind: 'named', between: '>' } },
  'the whole call as JSON': { open: '<|tool_call|>[', close: '', next: ', ', end: ']<|/tool_call|>' },
};

for (const [name, { tokenizer, template }] of Object.entries(callTemplates))
  test(`${name}: how calls are written is read from the template`, () => {
    const syntax = callSyntax(tokenizer, template)!;
    const parts = Object.keys(expected[name]!) as (keyof CallSyntax)[];
    assert.deepEqual(Object.fromEntries(parts.map(part => [part, syntax[part]])), expected[name]);
    assert.equal(syntax.hasShortIds, name === 'Mistral 7B v0.3');
  });

test('a call within a call of OpenAI’s form is found by the keys that lead to it', () => {
  const { tokenizer, template } = callTemplates['the whole call as JSON']!;
  const { body } = callSyntax(tokenizer, template)!;
  assert.ok(body.kind === 'object');
  assert.deepEqual(
    [body.name, body.arguments],
    [
      ['function', 'name'],
      ['function', 'arguments'],
    ],
  );
});

test('the token before calls of Llama is special: it has to be shown', () => {
  const { tokenizer, template } = callTemplates['Llama 3.2']!;
  assert.deepEqual([...callSyntax(tokenizer, template)!.specialIds], [tokenizer.idOf('<|python_tag|>')]);
});

test('a template that writes no calls has no syntax of them', () => {
  const { tokenizer } = callTemplates.Qwen3!;
  const chatMl = createChatTemplate(
    "{% for m in messages %}{{ '<|im_start|>' + m.role + '\n' + m.content + '<|im_end|>\n' }}{% endfor %}",
  );
  assert.equal(callSyntax(tokenizer, chatMl), undefined);
});
