import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Base, loadBase } from '../../src/experiment/base.ts';
import { writeFileAtomic } from '../../src/experiment/files.ts';
import { encodeSafetensors, parseSafetensorsHeader, readTensorF32 } from '../../src/nn/files/safetensors.ts';
import { goldenPath } from './goldenFiles.ts';
import { temporaryFolder } from './temporaryFolder.ts';

/** Characters of the tokens 3 …; 0 is <unk>, 1 <s>, 2 </s>. Every character of a text is one token. */
const alphabet = Array.from({ length: 93 }, (_, i) => String.fromCharCode(33 + i)).join('');

/** The token ids of a text in `goldenBase`. */
export function characterIds(text: string): number[] {
  return [...text].map(c => 3 + alphabet.indexOf(c));
}

/** `goldenBase` with its weights in 16 bits; tensors that are named are filled with a value. */
export async function halfBase(
  name: string,
  dtype: 'F16' | 'BF16',
  filled: Record<string, number> = {},
): Promise<Base> {
  const { folder } = await goldenBase(name);
  const path = join(folder, 'model.safetensors');
  const bytes = new Uint8Array(readFileSync(path));
  const { tensors } = parseSafetensorsHeader(bytes, bytes.length, path);
  const halves = [...tensors].map(([name, t]) => ({
    name,
    dtype,
    shape: t.shape,
    data: fill(readTensorF32(t, bytes.subarray(t.begin, t.end)), filled[name]),
  }));
  await writeFileAtomic(path, encodeSafetensors(halves, { format: 'pt' }));
  return loadBase(folder);
}

function fill(data: Float32Array, value: number | undefined): Float32Array {
  return value === undefined ? data : data.fill(value);
}

/** A base of golden/models, with a tokenizer of single characters, because the reference models have none. */
export function goldenBase(name: string, changes: Record<string, unknown> = {}): Promise<Base> {
  const [from, folder] = [goldenPath(`models/${name}`), temporaryFolder()];
  copyFileSync(join(from, 'model.safetensors'), join(folder, 'model.safetensors'));
  const write = (file: string, json: unknown) => writeFileSync(join(folder, file), JSON.stringify(json));
  write('config.json', { ...JSON.parse(readFileSync(join(from, 'config.json'), 'utf8')), ...changes });
  const special = ['<unk>', '<s>', '</s>'];
  write('tokenizer.json', {
    version: '1.0',
    added_tokens: special.map((content, id) => ({ id, content, special: true })),
    normalizer: null,
    pre_tokenizer: null,
    post_processor: null,
    decoder: { type: 'Fuse' },
    model: {
      type: 'BPE',
      unk_token: '<unk>',
      vocab: Object.fromEntries([...special, ...alphabet].map((token, id) => [token, id])),
      merges: [],
    },
  });
  // A prompt is its own text, so that a test says which tokens the model reads.
  const template = '{% for message in messages %}{{ message.content }}{% endfor %}';
  write('tokenizer_config.json', { bos_token: '<s>', chat_template: template });
  return loadBase(folder);
}
