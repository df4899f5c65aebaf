import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createAnswerParts } from '../../../src/nn/decode/answerParts.ts';
import { callSyntax } from '../../../src/nn/tokenizer/callSyntax.ts';
import { reasoningSyntax } from '../../../src/nn/tokenizer/reasoningSyntax.ts';
import { callTemplates } from '../tokenizer/callTemplates.ts';

const { tokenizer, template } = callTemplates.Qwen3!;
const options = {
  reasoning: reasoningSyntax(tokenizer, template)!,
  calls: callSyntax(tokenizer, template)!,
  prompt: 'q',
  seed: 3,
};

function read(text: string, length: number, more: Partial<typeof options> = {}) {
  const parts = createAnswerParts({ ...options, ...more });
  const pieces = text.match(new RegExp(`[^]{1,${length}}`, 'g')) ?? [];
  const told = { reasoning: '', text: '', calls: [] as string[], ids: [] as string[] };
  for (const part of [...pieces.flatMap(piece => parts.push(piece)), ...parts.flush()])
    if (part.kind === 'toolCall') {
      told.calls.push(`${part.name}${part.arguments}`);
      told.ids.push(part.id);
    } else told[part.kind] += part.text;
  return told;
}

const call = '<tool_call>\n{"name": "f", "arguments": {"a": 1}}\n</tool_call>';

test('the marks of reasoning are read from the template', () => {
  const { open, close } = options.reasoning;
  assert.deepEqual([open, close], ['<think>', '</think>']);
  const plain = callTemplates['Qwen2.5']!;
  assert.equal(reasoningSyntax(plain.tokenizer, plain.template), undefined);
});

for (const length of [1, 3, 100])
  test(`reasoning, words and calls are told apart, in pieces of ${length}`, () => {
    const check = (text: string, reasoning: string, words: string, calls: string[] = [], more = {}) => {
      const told = read(text, length, more);
      assert.deepEqual([told.reasoning, told.text, told.calls], [reasoning, words, calls], text);
    };
    check(`<think>\nA call:\n${call}\n</think>\n\nHm.\n${call}`, `A call:\n${call}`, 'Hm.', ['f{"a": 1}']);
    check('so be it </think> Yes.', 'so be it', 'Yes.', [], { prompt: 'q <think>\n' });
    check('<think>\n\n</think>\n\nYes.', '', 'Yes.');
    check('<think>\nuntil the end <', 'until the end <', '');
    check('<thin ice', '', '<thin ice');
    check('No <think>thought</think>.', '', 'No <think>thought</think>.');
  });

test('ids of calls are the same for the same answer, others for another prompt or seed', () => {
  const ids = (more = {}) => read(call + call, 100, more).ids;
  const own = ids();
  assert.match(own.join(), /^call_\w{24},call_\w{24}$/);
  assert.deepEqual(ids(), own);
  assert.equal(new Set([...own, ...ids({ prompt: 'r' }), ...ids({ seed: 4 })]).size, 6);
  const short = ids({ calls: { ...options.calls, hasShortIds: true } });
  assert.match(short.join(), /^\w{9},\w{9}$/);
});
