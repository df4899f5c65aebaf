/**
 * Gives embedding rows that are nearly equal to another's random ones of the usual length. Such are the rows of tokens that no
 * text had for the next one: training pushed all of them the same way. What is equal stays equal in what is trained afterwards
 * too, so this comes first.
 *
 *   node --import tsx scripts/base/partRows.ts FROM_DIR OUT_DIR
 */
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { floatToHalf, halfToFloat } from '../../src/nn/tensor/half.ts';
import { Random } from '../../src/nn/tensor/random.ts';

const [from, out] = process.argv.slice(2);
if (!from || !out) throw new Error('usage: partRows.ts FROM_DIR OUT_DIR');
/** Cosine from which two rows count as equal. */
const equal = 0.98;

cpSync(from, out, { recursive: true });
const file = readFileSync(`${out}/model.safetensors`);
const headerEnd = 8 + Number(file.readBigUInt64LE(0));
const { shape, data_offsets } = JSON.parse(file.subarray(8, headerEnd).toString())['model.embed_tokens.weight'];
const [count, width] = shape as [number, number];
const begin = headerEnd + data_offsets[0];
const rows = Array.from({ length: count }, (_, row) =>
  Float32Array.from({ length: width }, (_, i) => halfToFloat(file.readUInt16LE(begin + 2 * (row * width + i)))),
);
const lengths = rows.map(row => Math.hypot(...row));
const dot = (a: Float32Array, b: Float32Array) => a.reduce((sum, x, i) => sum + x * b[i]!, 0);

const twins = new Set<number>();
for (let i = 0; i < count; i++)
  for (let j = 0; j < i; j++)
    if (dot(rows[i]!, rows[j]!) > equal * lengths[i]! * lengths[j]!) {
      twins.add(i);
      twins.add(j);
    }
const others = lengths.filter((_, i) => !twins.has(i));
const length = others.reduce((a, b) => a + b, 0) / others.length;
const random = new Random(11);
for (const row of twins)
  for (let i = 0; i < width; i++)
    file.writeUInt16LE(floatToHalf((random.normal() * length) / Math.sqrt(width)), begin + 2 * (row * width + i));
writeFileSync(`${out}/model.safetensors`, file);
console.log(`${twins.size} of ${count} rows begin anew, of length ${length.toFixed(2)}`);
