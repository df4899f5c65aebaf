import { readFileSync } from 'node:fs';
import { createTokenizer, type Tokenizer } from '../../../src/nn/tokenizer/tokenizer.ts';

/** The tokenizer of a Hugging Face folder. */
export function loadTokenizer(folder: string): Tokenizer {
  const read = (file: string) => JSON.parse(readFileSync(`${folder}/${file}`, 'utf8'));
  return createTokenizer(read('tokenizer.json'), read('tokenizer_config.json'));
}

/** A tokenizer.json of byte pairs as one of scored words, with the same tokens. */
export function unigramJson(folder: string): Record<string, unknown> {
  const json = JSON.parse(readFileSync(`${folder}/tokenizer.json`, 'utf8'));
  const tokens = Object.entries(json.model.vocab as Record<string, number>).sort(([, a], [, b]) => a - b);
  return { ...json, model: { type: 'Unigram', unk_id: 0, vocab: tokens.map(([token, id]) => [token, -id / 100]) } };
}
