/**
 * Gives the words that the three domains use most a token each, by appending merges to the byte-level BPE vocabulary,
 * and grows the embedding: a new token starts as the mean of the tokens it replaces. Counted on train examples alone.
 *
 *   node --import tsx scripts/base/extendTokenizer.ts FROM_DIR OUT_DIR
 */
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { Tokenizer } from '@huggingface/tokenizers';
import { encodeSafetensors } from '../../src/nn/files/safetensors.ts';
import { halfToFloat } from '../../src/nn/tensor/half.ts';
import { type Domain, sampleSplit } from '../data/sampleSplit.ts';

const [from, out] = process.argv.slice(2);
if (!from || !out) throw new Error('usage: extendTokenizer.ts FROM_DIR OUT_DIR');
cpSync(from, out, { recursive: true });
const read = (name: string) => JSON.parse(readFileSync(`${from}/${name}`, 'utf8'));
const json = read('tokenizer.json');
const config = read('config.json');
const oldSize: number = config.vocab_size;
const model = json.model as { vocab: Record<string, number>; merges: (string | [string, string])[] };
const before = new Tokenizer(json, read('tokenizer_config.json'));
const pairs = typeof model.merges[0] === 'string';
const parts: number[][] = [];

for (const word of frequentWords(450)) {
  const { tokens, ids } = before.encode(word, { add_special_tokens: false }) as { tokens: string[]; ids: number[] };
  let left = tokens[0]!;
  for (let i = 1; i < tokens.length; i++) {
    const joined = left + tokens[i]!;
    if (!(joined in model.vocab)) {
      model.vocab[joined] = oldSize + parts.length;
      model.merges.push(pairs ? `${left} ${tokens[i]}` : [left, tokens[i]!]);
      parts.push(ids.slice(0, i + 1));
    }
    left = joined;
  }
}
// The matrix products prefer a multiple of 16 rows; the last ids stay unused.
const size = Math.ceil((oldSize + parts.length) / 16) * 16;
writeFileSync(`${out}/tokenizer.json`, JSON.stringify(json));
writeFileSync(`${out}/config.json`, `${JSON.stringify({ ...config, vocab_size: size }, null, 2)}\n`);

const file = readFileSync(`${from}/model.safetensors`);
const headerLength = Number(file.readBigUInt64LE(0));
const header = JSON.parse(file.subarray(8, 8 + headerLength).toString());
const tensors = Object.entries(
  header as Record<string, { dtype: 'F16'; shape: number[]; data_offsets: [number, number] }>,
)
  .filter(([name]) => name !== '__metadata__')
  .map(
    ([
      name,
      {
        dtype,
        shape,
        data_offsets: [begin, end],
      },
    ]) => {
      const bytes = file.subarray(8 + headerLength + begin, 8 + headerLength + end);
      const data = Float32Array.from({ length: bytes.length / 2 }, (_, i) => halfToFloat(bytes.readUInt16LE(2 * i)));
      if (name !== 'model.embed_tokens.weight') return { name, dtype, shape, data };
      const width = shape[1]!;
      const grown = new Float32Array(size * width);
      grown.set(data);
      for (const [i, ids] of parts.entries())
        for (let j = 0; j < width; j++)
          grown[(oldSize + i) * width + j] = ids.reduce((sum, id) => sum + data[id * width + j]!, 0) / ids.length;
      return { name, dtype, shape: [size, width], data: grown };
    },
  );
const chunks = encodeSafetensors(tensors, { format: 'pt' });
writeFileSync(`${out}/model.safetensors`, chunks instanceof Uint8Array ? chunks : Buffer.concat(chunks));
console.log(`${parts.length} tokens added, ${size} rows`);

/** The words (with the space before them) whose pieces cost most tokens: uses times tokens saved. */
function frequentWords(count: number): string[] {
  const saved = new Map<string, number>();
  for (const domain of ['math', 'code', 'qa'] satisfies Domain[])
    for (const { messages } of sampleSplit(domain, 'train', 6000, 1))
      for (const word of messages.flatMap(m => m.content.match(/ ?[A-Za-z]+/g) ?? []))
        saved.set(word, (saved.get(word) ?? 0) + 1);
  for (const [word, uses] of saved)
    saved.set(word, uses * (before.encode(word, { add_special_tokens: false }).ids.length - 1));
  return [...saved]
    .filter(([, s]) => s > 0)
    .sort((a, b) => b[1] - a[1])
    .slice(0, count)
    .map(([word]) => word);
}
