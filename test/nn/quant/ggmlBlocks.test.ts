import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { encodeBlocks } from '../../../src/nn/quant/blocks.ts';
import { encodeGgml, ggmlBytes, ggmlOutputs } from '../../../src/nn/quant/encodeGgml.ts';
import { dequantizeGgml, ggmlBlock, ggmlTypeName, ggmlTypes } from '../../../src/nn/quant/ggmlBlocks.ts';
import { assertClose } from '../../support/assertClose.ts';
import { decodeBlocks } from '../../support/decodeBlocks.ts';
import { readTensors } from '../lora/golden.ts';

const folder = new URL('../../golden/gguf/', import.meta.url);

interface Case {
  name: string;
  type: string;
  type_number: number;
  block_values: number;
  block_bytes: number;
  bytes_base64: string;
}

const { cases } = JSON.parse(readFileSync(new URL('blocks.json', folder), 'utf8')) as { cases: Case[] };
const tensors = readTensors(new URL('blocks.safetensors', folder));

test("blocks of every type have the values that gguf's own quants.py gives them, to the bit", () => {
  for (const c of cases) {
    assert.equal(ggmlTypeName(c.type_number), c.type);
    const { values, bytes } = ggmlBlock(c.type_number)!;
    assert.deepEqual([values, bytes], [c.block_values, c.block_bytes], c.name);
    const found = dequantizeGgml(c.type_number, Buffer.from(c.bytes_base64, 'base64'));
    const wanted = tensors.get(`${c.name}.values`)!.data;
    assert.deepEqual(new Uint32Array(found.buffer), new Uint32Array(Float32Array.from(wanted).buffer), c.name);
  }
  assert.deepEqual([...new Set(cases.map(c => c.type))].sort(), [...ggmlTypes].sort());
});

test("Q4_0, Q8_0 and F16 are written as gguf's own quants.py writes them, to the bit", () => {
  for (const type of ['Q4_0', 'Q8_0', 'F16'] as const) {
    const wanted = Buffer.from(cases.find(c => c.name === `random.${type}`)!.bytes_base64, 'base64');
    const { data } = tensors.get(`random.${type}.input`)!;
    const found = encodeGgml(type, Float32Array.from(data));
    assert.equal(ggmlBytes(type, data.length), wanted.length);
    assert.deepEqual(Buffer.from(found), wanted, type);
  }
});

test('8 bits keep what Q8_0 holds, and 4 bits what Q4_0 holds, exactly', () => {
  const { data } = tensors.get('random.Q8_0.input')!;
  for (const [type, bits] of [
    ['Q8_0', 8],
    ['Q4_0', 4],
  ] as const) {
    const held = dequantizeGgml(ggmlOutputs[type], encodeGgml(type, Float32Array.from(data)));
    const again = decodeBlocks(encodeBlocks(held, held.length / 64, 64, bits));
    assertClose(again, held, 0, type);
  }
});
