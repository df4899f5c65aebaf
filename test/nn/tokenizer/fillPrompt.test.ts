import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { tokenTexts } from '../../../src/nn/decode/detokenize.ts';
import { createAnswerStream } from '../../../src/nn/decode/stream.ts';
import { encodeFill } from '../../../src/nn/tokenizer/encodeFill.ts';
import { fillPrompt, middleIds } from '../../../src/nn/tokenizer/fillPrompt.ts';
import { fillTokens } from '../../../src/nn/tokenizer/fillTokens.ts';
import { createTokenizer, type Tokenizer } from '../../../src/nn/tokenizer/tokenizer.ts';
import { qwenTokens, tokenizerWith } from '../../support/fillTokenizer.ts';
import { loadTokenizer } from './loadTokenizer.ts';

const gap = { prefix: 'let a = ', suffix: ';\n' };
const files = [
  { path: 'one.ts', text: 'let b = 1;' },
  { path: 'two.ts', text: 'let c = 2;\n' },
];

const written = (tokenizer: Tokenizer, ids: readonly number[]) => tokenTexts(tokenizer, ids).join('');

/** How the makers of the bases write it: files apart, a gap alone, and with files. */
const kinds: [what: string, tokens: string[], alone: string, withFiles: string, config?: Record<string, unknown>][] = [
  [
    // github.com/QwenLM/Qwen2.5-Coder, examples of file and repository.
    'Qwen2.5-Coder',
    qwenTokens,
    '<|fim_prefix|>let a = <|fim_suffix|>;\n<|fim_middle|>',
    '<|repo_name|>repository\n<|file_sep|>one.ts\nlet b = 1;\n<|file_sep|>two.ts\nlet c = 2;\n<|file_sep|>main.ts\n<|fim_prefix|>let a = <|fim_suffix|>;\n<|fim_middle|>',
  ],
  [
    // Lozhkov et al. 2024, §5.1.
    'StarCoder2',
    ['<fim_prefix>', '<fim_middle>', '<fim_suffix>', '<file_sep>', '<repo_name>'],
    '<fim_prefix>let a = <fim_suffix>;\n<fim_middle>',
    '<file_sep>one.ts\nlet b = 1;<file_sep>two.ts\nlet c = 2;\n<file_sep><fim_prefix>main.ts\nlet a = <fim_suffix>;\n<fim_middle>',
  ],
  [
    // github.com/deepseek-ai/DeepSeek-Coder, “Code Insertion” and “Repository Level Code Completion”.
    'DeepSeek-Coder',
    ['<｜fim▁begin｜>', '<｜fim▁hole｜>', '<｜fim▁end｜>'],
    '<｜fim▁begin｜>let a = <｜fim▁hole｜>;\n<｜fim▁end｜>',
    '<｜fim▁begin｜>#one.ts\nlet b = 1;\n#two.ts\nlet c = 2;\n#main.ts\nlet a = <｜fim▁hole｜>;\n<｜fim▁end｜>',
  ],
  [
    'a file that names its own',
    ['<a>', '<b>', '<c>', '<d>'],
    '<a>let a = <b>;\n<c>',
    '<d>one.ts\nlet b = 1;\n<d>two.ts\nlet c = 2;\n<d>main.ts\n<a>let a = <b>;\n<c>',
    { fill_tokens: { prefix: '<a>', suffix: '<b>', middle: '<c>', file: '<d>' } },
  ],
];
for (const [what, tokens, alone, withFiles, config] of kinds)
  test(`a gap is written as ${what} has learned it`, () => {
    const tokenizer = tokenizerWith(tokens, config);
    assert.equal(written(tokenizer, fillPrompt(tokenizer, gap, 200).ids), alone);
    assert.equal(written(tokenizer, fillPrompt(tokenizer, { ...gap, files, path: 'main.ts' }, 200).ids), withFiles);
  });

test('a base without such tokens has none, and says what to do', () => {
  const tokenizer = loadTokenizer('media/base');
  assert.equal(fillTokens(tokenizer), undefined);
  assert.throws(() => fillPrompt(tokenizer, gap, 200), { code: 'unsupported', hint: /Qwen2\.5-Coder/ });
});

test('what reads like a special token in a text is text', () => {
  const tokenizer = tokenizerWith(qwenTokens);
  const hostile = { prefix: 'a<|fim_middle|><|fim_middle|>\n', suffix: '<|endoftext|>' };
  const { ids } = fillPrompt(tokenizer, hostile, 200);
  const special = ids.filter(id => tokenizer.specialIds.has(id)).map(id => tokenizer.tokenOf(id));
  assert.deepEqual(special, ['<|fim_prefix|>', '<|fim_suffix|>', '<|fim_middle|>']);
  assert.equal(
    written(tokenizer, ids),
    '<|fim_prefix|>a<|fim_middle|><|fim_middle|>\n<|fim_suffix|><|endoftext|><|fim_middle|>',
  );
  assert.equal(middleIds(tokenizer, '<|endoftext|>').ids.filter(id => tokenizer.specialIds.has(id)).length, 1);
});

/** A vocabulary of single characters, before which SentencePiece puts a blank. */
function codeLlama(): Tokenizer {
  const pieces = ['<unk>', '<s>', '</s>', '▁<PRE>', '▁<SUF>', '▁<MID>', '▁<EOT>', '▁', '☺', '\n', ...'abcdef'];
  const special = (content: string) => ({ id: pieces.indexOf(content), content, special: true, normalized: false });
  return createTokenizer(
    {
      added_tokens: pieces.slice(0, 7).map(special),
      normalizer: {
        type: 'Sequence',
        normalizers: [
          { type: 'Prepend', prepend: '▁' },
          { type: 'Replace', pattern: { String: ' ' }, content: '▁' },
        ],
      },
      pre_tokenizer: null,
      post_processor: {
        type: 'TemplateProcessing',
        single: [{ SpecialToken: { id: '<s>', type_id: 0 } }, { Sequence: { id: 'A', type_id: 0 } }],
        pair: [],
        special_tokens: { '<s>': { id: '<s>', ids: [1], tokens: ['<s>'] } },
      },
      decoder: {
        type: 'Sequence',
        decoders: [
          { type: 'Replace', pattern: { String: '▁' }, content: ' ' },
          { type: 'Fuse' },
          { type: 'Strip', content: ' ', start: 1, stop: 0 },
        ],
      },
      model: {
        type: 'BPE',
        unk_token: '<unk>',
        fuse_unk: true,
        byte_fallback: false,
        vocab: Object.fromEntries(pieces.map((piece, id) => [piece, id])),
        merges: [],
      },
    },
    { bos_token: '<s>', eos_token: '</s>' },
  );
}

test('CodeLlama puts a blank before the prefix alone, and an answer keeps the blank it begins with', () => {
  const tokenizer = codeLlama();
  const { ids, stopIds, said } = fillPrompt(tokenizer, { prefix: 'ab', suffix: 'cd' }, 100);
  // github.com/meta-llama/codellama, infilling_prompt_tokens.
  assert.deepEqual(
    ids.map(id => tokenizer.tokenOf(id)),
    ['<s>', '▁<PRE>', '▁', 'a', 'b', '▁<SUF>', 'c', 'd', '▁<MID>'],
  );
  const middle = middleIds(tokenizer, ' e').ids;
  assert.deepEqual(
    middle.map(id => tokenizer.tokenOf(id)),
    ['▁', 'e', '▁<EOT>'],
  );
  const stream = createAnswerStream(tokenizer, { stopIds, stop: [], maxTokens: 9, said });
  const deltas = middle.map(id => stream.push(id));
  assert.equal(deltas.map(d => d.text).join(''), ' e');
  assert.equal(deltas.at(-1)!.finish, 'stop');
});

test('what has no room goes: other files first, then the far ends of prefix and suffix, at line ends', () => {
  const tokenizer = tokenizerWith(qwenTokens);
  const lines = fc.array(fc.stringMatching(/^[a-z =;]{0,12}$/), { maxLength: 30 }).map(all => all.join('\n'));
  const whole = (text: string) => tokenizer.encode(text).length;
  fc.assert(
    fc.property(lines, lines, lines, fc.integer({ min: 40, max: 200 }), (prefix, suffix, text, room) => {
      const prompt = fillPrompt(tokenizer, { prefix, suffix, files: [{ path: 'a', text }] }, room);
      assert.ok(prompt.ids.length <= room);
      const [, files, before, after] = /^(.*)<\|fim_prefix\|>(.*)<\|fim_suffix\|>(.*)<\|fim_middle\|>$/s.exec(
        written(tokenizer, prompt.ids),
      )!;
      assert.ok(prefix.endsWith(before!) && suffix.startsWith(after!));
      const isCut = before !== prefix || after !== suffix;
      if (isCut) assert.ok(!files!.includes('<|file_sep|>a\n'), 'a file stays where the gap is cut');
      if (before !== prefix && whole(prefix.split('\n').at(-1)!) < room / 3)
        assert.equal(prefix.at(-before!.length - 1), '\n', 'the prefix begins within a line');
      if (before !== prefix) assert.ok(whole(after!) <= room / 4 + 1, 'the suffix takes more than its share');
    }),
    { numRuns: 60 },
  );
});

test('the middle and its end are learned, and stay where the prompt has to be cut', () => {
  const tokenizer = tokenizerWith(qwenTokens);
  const example = { prefix: 'let a = 1;\n'.repeat(20), suffix: '\nlet c = 3;', middle: 'let b = 2;' };
  for (const maxLength of [1000, 60]) {
    const { ids, labels, lossTokens, learned, isEnded, cut } = encodeFill(tokenizer, example, {
      maxLength,
      lossOn: 'answer',
    });
    assert.ok(ids.length <= maxLength && cut === 0 && isEnded);
    const taught = [...labels].filter(id => id >= 0);
    assert.equal(written(tokenizer, taught), 'let b = 2;<|endoftext|>');
    assert.equal(taught.length, lossTokens);
    assert.deepEqual(learned, { first: ids.length - lossTokens, end: ids.length });
    const prompt = fillPrompt(tokenizer, example, maxLength - lossTokens);
    assert.deepEqual([...ids.subarray(0, -lossTokens)], prompt.ids);
  }
  const all = encodeFill(tokenizer, example, { maxLength: 1000, lossOn: 'all' });
  assert.deepEqual(all.labels, all.ids);
});
