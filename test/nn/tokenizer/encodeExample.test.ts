import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  type ChatMessage,
  type ChatTemplate,
  createChatTemplate,
  promptIds,
} from '../../../src/nn/tokenizer/chatTemplate.ts';
import { encodeExample, endOfTurnToken } from '../../../src/nn/tokenizer/encodeExample.ts';
import type { Tokenizer } from '../../../src/nn/tokenizer/tokenizer.ts';
import type { WorkbenchError } from '../../../src/protocol/errors.ts';
import { loadTokenizer } from './loadTokenizer.ts';

const base = loadTokenizer('media/base');
const stories = loadTokenizer('test/golden/stories260K');
const chatml = createChatTemplate(JSON.parse(readFileSync('media/base/tokenizer_config.json', 'utf8')).chat_template);
const plain = createChatTemplate(undefined);
const options = { maxLength: 1000, lossOn: 'answer' } as const;
const ask = (question: string, answer: string): ChatMessage[] => [
  { role: 'user', content: question },
  { role: 'assistant', content: answer },
];

/** The text that carries loss. */
function lossText(tokenizer: Tokenizer, template: ChatTemplate, messages: ChatMessage[]): string {
  const { ids, labels } = encodeExample(tokenizer, template, messages, options);
  return tokenizer.decode([...ids].filter((_, i) => labels[i] !== -100));
}

test('ChatML: loss on the answer and the token that ends the turn, not on the line break after it', () => {
  assert.equal(lossText(base, chatml, ask('2 + 2?', 'It is 4.')), 'It is 4.<|im_end|>');
  const { ids, labels, lossTokens, cut, boundary } = encodeExample(base, chatml, ask('2 + 2?', '4'), options);
  assert.equal(boundary, 'tokens');
  assert.equal(cut, 0);
  assert.equal(lossTokens, 2);
  assert.deepEqual([...labels.slice(-3)], [base.idOf('4'), 2, -100]);
  assert.deepEqual(
    [...ids].filter((_, i) => labels[i] !== -100),
    [base.idOf('4'), 2],
  );
});

test('every turn of the assistant carries loss, no other', () => {
  const system: ChatMessage = { role: 'system', content: 'Be short.' };
  const talk = [system, ...ask('a?', 'first answer'), ...ask('b?', 'second answer')];
  assert.equal(lossText(base, chatml, talk), 'first answer<|im_end|>second answer<|im_end|>');
});

test('an answer that also stands in the question is found in its turn', () => {
  assert.equal(lossText(base, chatml, ask('say user', 'user')), 'user<|im_end|>');
});

test('templates of other families', () => {
  const mistral =
    "{{ bos_token }}{% for m in messages %}{% if m['role'] == 'user' %}{{ '[INST] ' + m['content'] + ' [/INST]' }}" +
    "{% else %}{{ ' ' + m['content'] + ' ' + eos_token }}{% endif %}{% endfor %}";
  assert.equal(lossText(stories, createChatTemplate(mistral), ask('Hi', 'Once upon')).trim(), 'Once upon </s>');
  // Like Qwen3: an empty block for reasoning in the prompt when thinking is off, and before the last answer.
  const thinking =
    "{% for m in messages %}{{ '<|im_start|>' + m['role'] + '\n' }}{% if loop.last and m['role'] == 'assistant' %}" +
    "{{ '<think>\n\n</think>\n\n' }}{% endif %}{{ m['content'] + '<|im_end|>\n' }}{% endfor %}" +
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% if enable_thinking is false %}" +
    "{{ '<think>\n\n</think>\n\n' }}{% endif %}{% endif %}";
  const template = createChatTemplate(thinking);
  assert.equal(lossText(base, template, ask('Hi', 'Hello')), 'Hello<|im_end|>');
  assert.equal(lossText(base, template, [...ask('a', 'one'), ...ask('b', 'two')]), 'one<|im_end|>two<|im_end|>');
});

test('a template without a closing token closes a turn with its own text', () => {
  const bare = createChatTemplate("{% for m in messages %}{{ m['role'] + ':' + m['content'] + '\n\n' }}{% endfor %}");
  assert.equal(lossText(base, bare, ask('q', 'a b')), 'assistant:a b\n\n');
  assert.equal(endOfTurnToken(base, bare), undefined);
});

test('where a token would span the border the pieces are tokenized apart', () => {
  const blank = createChatTemplate(
    "{% for m in messages %}{% if m['role'] == 'user' %}{{ 'Q: ' + m['content'] + '\nA: ' }}{% else %}" +
      "{{ m['content'] + eos_token }}{% endif %}{% endfor %}",
  );
  const messages = ask('who?', 'the man');
  const { ids, labels, boundary } = encodeExample(base, blank, messages, options);
  assert.equal(boundary, 'text');
  const prompt = promptIds(base, blank, messages.slice(0, 1), false);
  assert.deepEqual([...ids.slice(0, prompt.length)], prompt);
  assert.equal(
    labels.findIndex(label => label !== -100),
    prompt.length,
  );
  assert.equal(base.decode([...ids]), 'Q: who?\nA: the man<|im_end|>');
});

test('loss on everything, and truncation', () => {
  const all = encodeExample(base, chatml, ask('2 + 2?', '4'), { maxLength: 1000, lossOn: 'all' });
  assert.deepEqual(all.labels, all.ids);
  const cut = encodeExample(base, chatml, ask('2 + 2?', '4'), { maxLength: 5, lossOn: 'answer' });
  assert.ok(cut.cut > 0);
  assert.equal(cut.ids.length, 5);
  assert.equal(cut.lossTokens, 0);
});

test('loss on everything needs no place of an answer: reasoning that is left out, answers written twice', () => {
  const dropping = createChatTemplate("{% for m in messages %}{{ m.content.split('</think>')[-1] }}{% endfor %}");
  const twice = createChatTemplate('{% for m in messages %}{{ m.content + m.content }}{% endfor %}');
  for (const template of [dropping, twice])
    for (const answer of ['<think>sum</think>4', '<think>\nsum\n</think>\n\n4']) {
      const { ids, labels } = encodeExample(base, template, ask('2+2?', answer), { maxLength: 1000, lossOn: 'all' });
      assert.deepEqual(labels, ids);
      assert.ok(base.decode([...ids]).endsWith('4'));
    }
});

test('an answer that the template rewrites is learned as it is written; one that it writes twice is refused', () => {
  const shouting = createChatTemplate("{% for m in messages %}{{ m['content'] | upper }}{{ eos_token }}{% endfor %}");
  assert.equal(lossText(base, shouting, ask('a', 'a')), 'A<|im_end|>');
  const twice = createChatTemplate("{% for m in messages %}{{ m['content'] + ' ' + m['content'] }}{% endfor %}");
  assert.throws(
    () => encodeExample(base, twice, ask('q', 'a'), options),
    (error: WorkbenchError) => error.code === 'unsupported' && /message 2 2 times/.test(error.message),
  );
  const all = encodeExample(base, twice, ask('q', 'a'), { ...options, lossOn: 'all' });
  assert.deepEqual(all.labels, all.ids);
});

test('property: the prompt at use is what training saw before the answer, and the loss is on the answer', () => {
  const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 30 }).filter(s => !s.includes('<'));
  for (const [tokenizer, template] of [
    [base, chatml],
    [base, plain],
    [stories, plain],
  ] as const) {
    fc.assert(
      fc.property(text, text, (question, answer) => {
        const messages = ask(question, answer);
        const { ids, labels } = encodeExample(tokenizer, template, messages, options);
        const prompt = promptIds(tokenizer, template, messages.slice(0, 1), false);
        const first = labels.findIndex(label => label !== -100);
        assert.deepEqual([...ids.slice(0, first)], prompt);
        assert.ok(labels.every((label, i) => label === -100 || label === ids[i]));
        const learned = tokenizer.decode([...ids].filter((_, i) => labels[i] !== -100));
        assert.ok(learned.endsWith(tokenizer.eosToken!), learned);
        if (tokenizer === base) assert.equal(learned.slice(0, -10).trim(), answer.trim());
      }),
      { numRuns: 100 },
    );
  }
});
