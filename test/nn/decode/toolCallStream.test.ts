import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type AnswerPart, createToolCallStream, type PartStream } from '../../../src/nn/decode/toolCallStream.ts';
import { Random } from '../../../src/nn/tensor/random.ts';
import { type CallSyntax, callSyntax } from '../../../src/nn/tokenizer/callSyntax.ts';
import { renderChat } from '../../../src/nn/tokenizer/chatTemplate.ts';
import { callTemplates } from '../tokenizer/callTemplates.ts';

const syntaxOf = (name: string): CallSyntax => {
  const { tokenizer, template } = callTemplates[name]!;
  return callSyntax(tokenizer, template)!;
};

function streamOf(syntax: CallSyntax): PartStream {
  let calls = 0;
  return createToolCallStream(syntax, () => `call_${calls++}`);
}

/** Parts of a text that comes in pieces, texts that follow each other joined. */
function read(stream: PartStream, pieces: readonly string[]): AnswerPart[] {
  const all: AnswerPart[] = [];
  for (const part of [...pieces.flatMap(piece => stream.push(piece)), ...stream.flush()]) {
    const last = all.at(-1);
    if (part.kind === 'text' && last?.kind === 'text') last.text += part.text;
    else all.push({ ...part });
  }
  return all;
}

const call = (n: number, name: string, args: string): AnswerPart => ({
  kind: 'toolCall',
  id: `call_${n}`,
  name,
  arguments: args,
});
const text = (words: string): AnswerPart => ({ kind: 'text', text: words });

/** `name` writes calls so; every text is read whole and letter by letter. */
function check(name: string, cases: [written: string, ...AnswerPart[]][]): void {
  test(`${name}: calls are told whole, in order; the rest is text`, () => {
    for (const [written, ...expected] of cases) {
      assert.deepEqual(read(streamOf(syntaxOf(name)), [written]), expected, written);
      assert.deepEqual(read(streamOf(syntaxOf(name)), written.split('')), expected, `${written}, in letters`);
    }
  });
}

test('a call of a known tool without the template’s marks is one, at the start of an answer alone', () => {
  const parts = (written: string, pieces = written.split('')) =>
    read(
      createToolCallStream(syntaxOf('Qwen3'), () => 'call_0', new Set(['f'])),
      pieces,
    );
  const body = '{"name": "f", "arguments": {"a": "`"}}';
  const isCall = [call(0, 'f', '{"a": "`"}')];
  for (const written of [body, `\n${body}`, `\`\`\`json\n${body}\n\`\`\``, `\`\`\`\n${body}\n\`\`\``]) {
    assert.deepEqual(parts(written), isCall, written);
    assert.deepEqual(parts(written, [written]), isCall, written);
  }
  const others = [
    body.replace('"f"', '"g"'),
    `So: ${body}`,
    '{"answer": 3}',
    '```js\nf()\n```',
    '```json\n{"answer": 3}\n```',
    '`f`',
    '``',
    '{"name": "f", "argum',
  ];
  for (const written of others) {
    assert.deepEqual(parts(written), [text(written)], written);
    assert.deepEqual(parts(written, [written]), [text(written)], written);
  }
  assert.deepEqual(parts(`${body}\nDone.`), [...isCall, text('\nDone.')]);
});

const hermes = '<tool_call>\n{"name": "f", "arguments": {"a": [1, "}"]}}\n</tool_call>';
check('Qwen3', [
  [hermes, call(0, 'f', '{"a": [1, "}"]}')],
  [
    `Let me look.\n${hermes}\n${hermes}`,
    text('Let me look.'),
    call(0, 'f', '{"a": [1, "}"]}'),
    call(1, 'f', '{"a": [1, "}"]}'),
  ],
  // Other blanks, another key, keys in another order, arguments as JSON in a string, nothing that closes.
  ['<tool_call>{"name":"f","arguments":{}}</tool_call>', call(0, 'f', '{}')],
  ['<tool_call>\n{"parameters": {"b": 1}, "name": "f"}', call(0, 'f', '{"b": 1}')],
  ['<tool_call>{"name": "f", "arguments": "{\\"a\\": 1}"}</tool_call>', call(0, 'f', '{"a": 1}')],
  [`${hermes}\nDone.`, call(0, 'f', '{"a": [1, "}"]}'), text('\nDone.')],
  // What is none is given back as it was written.
  ['<tool_call> is a tag. ', text('<tool_call> is a tag. ')],
  ['a < b <tool', text('a < b <tool')],
  [
    '<tool_call>\n{"name": "f", "arguments": {"a": 1}\n</tool_call>',
    text('<tool_call>\n{"name": "f", "arguments": {"a": 1}\n</tool_call>'),
  ],
  [
    '<tool_call>\n{"name": "f", "arguments": [1]}\n</tool_call>',
    text('<tool_call>\n{"name": "f", "arguments": [1]}\n</tool_call>'),
  ],
  ['<tool_call>\n{"name": "f", "argum', text('<tool_call>\n{"name": "f", "argum')],
  [
    `<tool_call>\n{"a": "never closed\n${hermes}`,
    text('<tool_call>\n{"a": "never closed'),
    call(0, 'f', '{"a": [1, "}"]}'),
  ],
]);
check('Llama 3.2', [
  ['{"name": "f", "parameters": {"a": 1}}', call(0, 'f', '{"a": 1}')],
  ['<|python_tag|>{"name": "f", "parameters": {"a": 1}}', call(0, 'f', '{"a": 1}')],
  ['{"answer": 42}', text('{"answer": 42}')],
  ['As JSON: {"name": "f", "parameters": {}}', text('As JSON: {"name": "f", "parameters": {}}')],
]);
check('Mistral 7B v0.3', [
  [
    '[TOOL_CALLS][{"name": "f", "arguments": {"a": 1}, "id": "123456789"},{"name": "g", "arguments": {}}]',
    call(0, 'f', '{"a": 1}'),
    call(1, 'g', '{}'),
  ],
  ['[TOOL_CALLS] [{"name": "f", "arguments": {}}, {"no": 1}]', call(0, 'f', '{}'), text(', {"no": 1}]')],
  ['[TODO] [TOOL_CALLS] []', text('[TODO] [TOOL_CALLS] []')],
]);
check('Mistral Small 3.2', [
  ['[TOOL_CALLS]f[ARGS]{"a": 1}[TOOL_CALLS]g.h[ARGS]{}', call(0, 'f', '{"a": 1}'), call(1, 'g.h', '{}')],
  ['[TOOL_CALLS]f of x', text('[TOOL_CALLS]f of x')],
]);
check('DeepSeek V3', [
  [
    '<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>f\n```json\n{"a": 1}\n```<｜tool▁call▁end｜>\n<｜tool▁call▁begin｜>function<｜tool▁sep｜>g\n```json\n{}\n```<｜tool▁call▁end｜><｜tool▁calls▁end｜>',
    call(0, 'f', '{"a": 1}'),
    call(1, 'g', '{}'),
  ],
]);

const pieces = [
  ...['a', ' ', '\n', '{', '}', '"', '[', ']', ', ', 'é🙂', '<', '</', '|', '[TOOL', '_CALLS]', '```', '\\'],
  ...['f', '{}', '{"name": "f"', '"arguments": {}}', '<tool_call>', '<function=', '[ARGS]', '>', '\n\n'],
];

for (const name of Object.keys(callTemplates))
  test(`${name}: however a text is cut, the same parts; nothing is lost; what the template writes is read back`, () => {
    const random = new Random(7);
    const one = <T>(list: readonly T[]): T => list[random.integer(0, list.length - 1)]!;
    const syntax = syntaxOf(name);
    const { tokenizer, template } = callTemplates[name]!;
    const known = [syntax.open, syntax.close, syntax.next ?? '', syntax.end, hermes];
    const value = (): unknown =>
      one([1, -2.5e3, 'a "b" \\ <c>', '}\u2028{', null, true, [[], {}], { x: { y: ['{'] } }, 'é🙂\n\t']);
    for (let round = 0; round < 60; round++) {
      // DeepSeek's template ends the turn after each call but the first.
      const most = name === 'DeepSeek V3' ? 2 : 3;
      const count = syntax.next === undefined ? 1 : random.integer(1, most);
      const toolCalls = Array.from({ length: count }, (_, i) => ({
        id: `abcdefgh${i}`,
        type: 'function' as const,
        function: { name: one(['f', 'find.files', 'a-b_c']), arguments: { [one(['a', 'b"c'])]: value(), z: value() } },
      }));
      const question = { role: 'user' as const, content: 'q' };
      const options = { eosToken: tokenizer.eosToken, addGenerationPrompt: false };
      const prompt = renderChat(template, [question], { ...options, addGenerationPrompt: true });
      const whole = renderChat(template, [question, { role: 'assistant', content: '', toolCalls }], options);
      const written = whole.slice(prompt.length).replace(/(<\|im_end\|>|<\|eot_id\|>|<｜end▁of▁sentence｜>)\s*$/, '');
      const calls = read(streamOf(syntax), [written]).map(part =>
        part.kind === 'toolCall' ? { name: part.name, arguments: JSON.parse(part.arguments) } : part,
      );
      assert.deepEqual(
        calls,
        toolCalls.map(each => each.function),
        written,
      );

      const noise = Array.from({ length: random.integer(1, 12) }, () => one([...pieces, ...known])).join('');
      const all = random.uniform() < 0.5 ? noise : noise + written + noise;
      const expected = read(streamOf(syntax), [all]);
      for (let cut = 0; cut < 4; cut++) {
        const cuts: string[] = [];
        for (let at = 0; at < all.length; ) {
          const length = random.integer(1, 9);
          cuts.push(all.slice(at, at + length));
          at += length;
        }
        assert.deepEqual(read(streamOf(syntax), cuts), expected, JSON.stringify(cuts));
      }
      const words = expected.map(part => ('text' in part ? part.text : undefined));
      if (!words.includes(undefined)) assert.equal(words.join(''), all);
    }
  });
