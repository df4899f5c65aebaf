import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { reachProblems } from '../../../src/engine/training/reachProblems.ts';
import { loadBase } from '../../../src/experiment/base.ts';
import { writeFileAtomic } from '../../../src/experiment/files.ts';
import { encodeSafetensors, parseSafetensorsHeader, readTensorF32 } from '../../../src/nn/files/safetensors.ts';
import { characterIds, goldenBase } from '../../support/goldenBase.ts';

/** A base on which some characters have the same row of the output projection. */
async function baseWithTwins(twins: string) {
  const { folder, config } = await goldenBase('llama_tied');
  const path = join(folder, 'model.safetensors');
  const bytes = new Uint8Array(readFileSync(path));
  const { tensors } = parseSafetensorsHeader(bytes, bytes.length, path);
  const changed = [...tensors].map(([name, t]) => {
    const data = readTensorF32(t, bytes.subarray(t.begin, t.end));
    if (name === 'model.embed_tokens.weight') {
      // Far apart but for the twins: the reference model's random rows are all close.
      for (let i = 0; i < data.length; i++) data[i]! *= 40;
      const [first, ...others] = characterIds(twins);
      for (const id of others) data.copyWithin(id * config.dim, first! * config.dim, (first! + 1) * config.dim);
    }
    return { name, dtype: 'F32' as const, shape: t.shape, data };
  });
  await writeFileAtomic(path, encodeSafetensors(changed, { format: 'pt' }));
  return loadBase(folder);
}

const example = (line: number, prompt: string, answer: string) => ({
  line,
  labels: Int32Array.from([...characterIds(prompt).map(() => -100), ...characterIds(answer)]),
});

test('tokens that share a row with others are named, where an answer uses them', async () => {
  const base = await baseWithTwins('xyzw');
  const examples = [example(3, 'x', 'abc'), example(4, 'a', 'cab'), example(7, 'a', 'xxb'), example(9, 'a', 'yc')];
  const [problem, ...others] = await reachProblems(base, examples, 'talk.jsonl', 1);
  assert.deepEqual(others, []);
  assert.equal(problem!.code, 'unreachableTokens');
  assert.equal(problem!.severity, 'warning');
  assert.equal(problem!.where, 'talk.jsonl:7');
  assert.match(problem!.message, /^talk\.jsonl: 2 of the answers’ tokens .*: "x" \(0\.25\), "y" \(0\.25\) at most\./);
});

test('answers of tokens that nothing shares a row with bring no warning', async () => {
  const base = await baseWithTwins('xyzw');
  assert.deepEqual(await reachProblems(base, [example(1, 'x', 'abc')], 'talk.jsonl', 1), []);
});
