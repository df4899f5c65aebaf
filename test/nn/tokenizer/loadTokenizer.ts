import { readFileSync } from 'node:fs';
import { createTokenizer, type Tokenizer } from '../../../src/nn/tokenizer/tokenizer.ts';

/** The tokenizer of a Hugging Face folder. */
export function loadTokenizer(folder: string): Tokenizer {
  const read = (file: string) => JSON.parse(readFileSync(`${folder}/${file}`, 'utf8'));
  return createTokenizer(read('tokenizer.json'), read('tokenizer_config.json'));
}
