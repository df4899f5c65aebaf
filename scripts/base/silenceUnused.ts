/**
 * Gives the embedding rows of tokens that no text uses (inner pieces of the words that extendTokenizer.ts added) the row
 * of an id that has no token: that row was trained as one that never comes next. Before, such a piece resembles its word
 * too much for an adapter to tell them apart.
 *
 *   node --import tsx scripts/base/silenceUnused.ts MODEL_DIR
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { Tokenizer } from '@huggingface/tokenizers';
import { Random } from '../../src/nn/tensor/random.ts';
import { type Domain, sampleSplit } from '../data/sampleSplit.ts';
import { packedBatches } from './corpus.ts';

const [folder] = process.argv.slice(2);
if (!folder) throw new Error('usage: silenceUnused.ts MODEL_DIR');
const read = (name: string) => JSON.parse(readFileSync(`${folder}/${name}`, 'utf8'));
const tokenizerJson = read('tokenizer.json');
const tokenizer = new Tokenizer(tokenizerJson, read('tokenizer_config.json'));
const encode = (text: string) => tokenizer.encode(text, { add_special_tokens: false }).ids;
const { vocab_size: rows, hidden_size: width } = read('config.json');
const tokens = Object.keys(tokenizerJson.model.vocab).length;
/** The first version's vocabulary; its rows were trained on general text. */
const firstNew = 2048;

const used = new Set<number>();
const batches = packedBatches({ encode, count: tokens }, new Random(5), 64, 256);
for (let i = 0; i < 100; i++) for (const id of batches.next().value!.ids) used.add(id);
for (const domain of ['math', 'code', 'qa'] satisfies Domain[])
  for (const { messages } of sampleSplit(domain, 'train', 6000, 1))
    for (const { content } of messages) for (const id of encode(content)) used.add(id);

const file = readFileSync(`${folder}/model.safetensors`);
const headerEnd = 8 + Number(file.readBigUInt64LE(0));
const header = JSON.parse(file.subarray(8, headerEnd).toString());
const begin = headerEnd + header['model.embed_tokens.weight'].data_offsets[0];
const rowBytes = width * 2;
const silent = file.subarray(begin + tokens * rowBytes, begin + (tokens + 1) * rowBytes);
if (tokens >= rows) throw new Error('the vocabulary leaves no unused id');
let count = 0;
for (let id = firstNew; id < tokens; id++)
  if (!used.has(id)) {
    silent.copy(file, begin + id * rowBytes);
    count++;
  }
writeFileSync(`${folder}/model.safetensors`, file);
console.log(`${count} of ${tokens - firstNew} added tokens are never used and now silent`);
