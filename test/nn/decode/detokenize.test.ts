import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { createDetokenizer } from '../../../src/nn/decode/detokenize.ts';
import { cleanUpCut, cleanUpSpaces } from '../../../src/nn/tokenizer/cleanUp.ts';
import { createTokenizer, type Tokenizer } from '../../../src/nn/tokenizer/tokenizer.ts';
import { loadTokenizer, unigramJson } from '../tokenizer/loadTokenizer.ts';

const base = loadTokenizer('media/base');
const stories = loadTokenizer('test/golden/stories260K');
const cleaning = createTokenizer(unigramJson('media/base'), { clean_up_tokenization_spaces: true });
const metaspace = createTokenizer(
  { ...JSON.parse(readFileSync('test/golden/stories260K/tokenizer.json', 'utf8')), decoder: { type: 'Metaspace' } },
  {},
);

function deltas(tokenizer: Tokenizer, ids: readonly number[], skipSpecialTokens = true): string[] {
  const detokenizer = createDetokenizer(tokenizer, { skipSpecialTokens });
  return [...ids.map(id => detokenizer.push(id)), detokenizer.flush()];
}

function assertSame(tokenizer: Tokenizer, ids: number[]): void {
  for (const skipSpecialTokens of [true, false]) {
    const got = deltas(tokenizer, ids, skipSpecialTokens);
    assert.equal(got.join(''), tokenizer.decode(ids, { skipSpecialTokens }));
  }
}

test('a character of several tokens comes out whole', () => {
  const ids = base.encode('é🦊!');
  const got = deltas(base, ids).filter(delta => delta !== '');
  assert.deepEqual(got, ['é', '🦊', '!']);
  // stories260K spells the fox in four byte tokens, and its first blank is stripped.
  const fox = stories.encode('a 🦊', { addSpecialTokens: false });
  assert.deepEqual(deltas(stories, fox), ['a', ' ', '', '', '', '🦊', '']);
});

test('bytes that never become a character come out as replacement characters, at the end too', () => {
  const byte = (value: number) => stories.idOf(`<0x${value.toString(16).toUpperCase().padStart(2, '0')}>`)!;
  assert.deepEqual(deltas(stories, [byte(0xf0), byte(0x9f), byte(0x41)]), ['', '', '\ufffdA', '']);
  assert.deepEqual(deltas(stories, [byte(0x41), byte(0xe2), byte(0x82)]), ['A', '', '', '\ufffd']);
});

test('clean-up waits until a blank is decided', () => {
  const got = deltas(cleaning, cleaning.encode("I do n't know . ' yes '"));
  assert.equal(got.join(''), "I don't know.'yes '");
});

test('property: cleaning may be cut where cleanUpCut says', () => {
  const text = fc.array(fc.constantFrom(' ', "'", 'n', 't', 'v', 'r', 'e', 's', 'm', '.', ',', 'x'), { maxLength: 30 });
  fc.assert(
    fc.property(text, fc.nat(30), (letters, at) => {
      const whole = letters.join('');
      const cut = cleanUpCut(whole, Math.min(at, whole.length));
      assert.equal(cleanUpSpaces(whole.slice(0, cut)) + cleanUpSpaces(whole.slice(cut)), cleanUpSpaces(whole));
    }),
    { numRuns: 3000 },
  );
});

for (const [name, tokenizer] of Object.entries({ base, cleaning, stories, metaspace })) {
  test(`property: deltas of random ids together are the decoded whole (${name})`, () => {
    const anyId = fc.nat(tokenizer.vocabSize + 3);
    // In both vocabularies the single bytes come first.
    const bytes = fc.nat(258);
    const pieces = fc.oneof(fc.array(anyId, { maxLength: 150 }), fc.array(bytes, { maxLength: 150 }));
    fc.assert(
      fc.property(pieces, ids => assertSame(tokenizer, ids)),
      { numRuns: 150 },
    );
  });

  test(`property: deltas of encoded text together are the text (${name})`, () => {
    const text = fc.string({ unit: 'grapheme', maxLength: 120 });
    fc.assert(
      fc.property(text, sample => assertSame(tokenizer, tokenizer.encode(sample, { addSpecialTokens: false }))),
      { numRuns: 100 },
    );
  });
}

test('a byte order mark inside a run of byte tokens survives wherever the window is cut', () => {
  const byte = (value: number) => stories.idOf(`<0x${value.toString(16).toUpperCase().padStart(2, '0')}>`)!;
  const run = [0xef, 0xbb, 0xbf, 0x41];
  for (let shift = 0; shift < 4; shift++) {
    const ids = Array.from({ length: 200 }, (_, i) => byte(run[(i + shift) % 4]!));
    assertSame(stories, ids);
  }
});
