import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createTokenizer, type Tokenizer } from '../../src/nn/tokenizer/tokenizer.ts';
import { temporaryFolder } from './temporaryFolder.ts';

const read = (file: string) => JSON.parse(readFileSync(`media/base/${file}`, 'utf8'));

/** Rows of the embedded base's embedding from here on have no token. */
const firstFree = 2791;

function jsonWith(tokens: readonly string[]): Record<string, unknown> {
  const json = read('tokenizer.json');
  const added = tokens.map((content, i) => ({ ...json.added_tokens[0], id: firstFree + i, content }));
  return { ...json, added_tokens: [...json.added_tokens, ...added] };
}

/** The embedded base's tokenizer with more special tokens. */
export function tokenizerWith(tokens: readonly string[], config: Record<string, unknown> = {}): Tokenizer {
  return createTokenizer(jsonWith(tokens), { ...read('tokenizer_config.json'), ...config });
}

export const qwenTokens = [
  ...['<|fim_prefix|>', '<|fim_suffix|>', '<|fim_middle|>', '<|fim_pad|>'],
  ...['<|repo_name|>', '<|file_sep|>'],
];

/** The embedded base as a folder whose vocabulary has Qwen2.5-Coder's tokens for filling gaps. */
export function fillBase(): string {
  const folder = temporaryFolder();
  cpSync('media/base', folder, { recursive: true });
  writeFileSync(join(folder, 'tokenizer.json'), JSON.stringify(jsonWith(qwenTokens)));
  return folder;
}
