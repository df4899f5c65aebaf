import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readBaseText } from '../../../src/experiment/base.ts';
import { bytesByDecoder, tokenBytes } from '../../../src/nn/tokenizer/tokenBytes.ts';

const text = 'héllo wörld\n\t{"a": [1, 2]} 日本語 😀 \u0007';
const utf8 = new TextEncoder().encode(text);

test('the bytes of the tokens of a text are its UTF-8, half characters included', async () => {
  const { tokenizer } = (await readBaseText('media/base'))!;
  const bytes = tokenBytes(tokenizer);
  const ids = tokenizer.encode(text, { addSpecialTokens: false });
  assert.deepEqual(Uint8Array.from(ids.flatMap(id => [...bytes[id]!])), utf8);
  const single = new Set(bytes.filter(b => b.length === 1).map(b => b[0]));
  assert.equal(single.size, 256);
  assert.equal(tokenizer.bytesOf(1e6).length, 0);
});

test('decoders of bytes, of SentencePiece and added tokens', () => {
  const as = (token: string, decoder: unknown, ...added: string[]) => [
    ...bytesByDecoder(decoder, t => added.includes(t))(token),
  ];
  const byteLevel = { type: 'ByteLevel' };
  assert.deepEqual(as('ĠaÃ', byteLevel), [0x20, 0x61, 0xc3]);
  assert.deepEqual(as('<ÃĠ>', byteLevel, '<ÃĠ>'), [...new TextEncoder().encode('<ÃĠ>')]);
  const pieces = {
    type: 'Sequence',
    decoders: [
      { type: 'Replace', pattern: { String: '▁' }, content: ' ' },
      { type: 'ByteFallback' },
      { type: 'Fuse' },
      { type: 'Strip', content: ' ', start: 1, stop: 0 },
    ],
  };
  assert.deepEqual(as('▁▁a', pieces), [0x20, 0x20, 0x61]);
  assert.deepEqual(as('<0xE2>', pieces), [0xe2]);
  assert.deepEqual(as('<0xE2>', { type: 'Metaspace', replacement: '▁' }), [...new TextEncoder().encode('<0xE2>')]);
  const byExpression = { type: 'Replace', pattern: { Regex: '(a+)+$' }, content: '' };
  assert.throws(() => as('a', byExpression), { code: 'unsupported' });
});
