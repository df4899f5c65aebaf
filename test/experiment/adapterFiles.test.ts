import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { adapterStamp, hashAdapter, readAdapter, readOrigin } from '../../src/experiment/adapterFiles.ts';
import { readSafetensors } from '../../src/experiment/safetensorsFile.ts';
import { encodeSafetensors } from '../../src/nn/files/safetensors.ts';
import { checkAdapterFits } from '../../src/nn/lora/adapter.ts';
import { linearLayers } from '../../src/nn/model/layout.ts';
import { type ErrorCode, WorkbenchError } from '../../src/protocol/errors.ts';
import { adapterFolder } from '../support/adapterFolder.ts';
import { goldenBase } from '../support/goldenBase.ts';
import { goldenPath } from '../support/goldenFiles.ts';

const q = 'model.layers.0.self_attn.q_proj';
const plain = (config: Record<string, unknown> = {}) => adapterFolder({ [q]: [64, 64] }, { config });
const factorsOf = (folder: string) => join(folder, 'adapter_model.safetensors');
const configOf = (folder: string) => join(folder, 'adapter_config.json');

/** Each refusal says what it is (`message`) and what to do (`hint`). */
async function refuses(reading: Promise<unknown>, code: ErrorCode, message: RegExp, hint: RegExp): Promise<void> {
  await assert.rejects(reading, (error: unknown) => {
    assert.ok(error instanceof WorkbenchError, String(error));
    assert.match(error.message, message);
    assert.match(error.hint ?? '', hint);
    return error.code === code;
  });
}

test('a folder with an adapter in another format: what it is and what to do', async () => {
  const others: [file: string, what: RegExp, todo: RegExp][] = [
    ['adapters.npz', /MLX adapter/, /mlx_lm\.fuse/],
    ['adapter_model-00001-of-00002.safetensors', /an adapter in several files/, /max_shard_size/],
    ['lora.gguf', /a file of llama\.cpp/, /PEFT folder/],
    ['model.safetensors', /a whole model, no adapter/, /as the base/],
    ['pytorch_lora_weights.safetensors', /an adapter for images/, /language model/],
    ['my_lora.safetensors', /a file that PEFT does not name so/, /as PEFT saves it/],
  ];
  for (const [file, what, todo] of others) {
    const folder = plain();
    renameSync(factorsOf(folder), join(folder, file));
    await refuses(readAdapter(folder), 'unsupported', what, todo);
    rmSync(configOf(folder));
    await refuses(readAdapter(folder), 'unsupported', new RegExp(`is not there: .*; there is ${file}, `), todo);
  }
  const bare = plain();
  rmSync(configOf(bare));
  await refuses(readAdapter(bare), 'unsupported', /the factors without their configuration/, /adapter_config\.json/);
  const none = plain();
  rmSync(factorsOf(none));
  await refuses(readAdapter(none), 'notFound', /adapter_model\.safetensors is not there/, /as PEFT saves it/);
});

test('a file of factors that is another thing, empty, a folder or a pipe', async () => {
  const pointer = 'version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n';
  const contents: [string, RegExp, RegExp][] = [
    [pointer, /a pointer of Git LFS/, /git lfs pull/],
    ['', /is empty/, /again/],
    ['PK\u0003\u0004 a PyTorch archive', /a PyTorch file under another name/, /adapter_model\.bin/],
    ['<!DOCTYPE html><html>', /a web page/, /Download/],
    ['GGUF\u0003', /llama\.cpp/, /PEFT folder/],
  ];
  for (const [content, what, todo] of contents) {
    const folder = plain();
    writeFileSync(factorsOf(folder), content);
    await refuses(readAdapter(folder), 'badFile', what, todo);
    await refuses(readOrigin(folder), 'badFile', what, todo);
  }
  const folder = plain();
  rmSync(factorsOf(folder));
  mkdirSync(factorsOf(folder));
  await refuses(readAdapter(folder), 'badFile', /is not a file/, /^$/);
  if (process.platform === 'win32') return;
  for (const file of [factorsOf, configOf]) {
    const piped = plain();
    rmSync(file(piped));
    execFileSync('sh', ['-c', 'mkfifo "$0"', file(piped)]);
    await refuses(readAdapter(piped), 'badFile', /is not a file/, /^$/);
  }
});

test("factors in MLX's file, and in PyTorch's, are read and have a hash and a stamp; where PEFT's are, they count", async () => {
  const folder = plain();
  const [own, mlx] = [factorsOf(folder), join(folder, 'adapters.safetensors')];
  const { modules } = await readAdapter(folder);
  renameSync(own, mlx);
  assert.deepEqual((await readAdapter(folder)).modules, modules);
  assert.deepEqual(await readOrigin(folder), { baseHash: undefined, chatTemplate: undefined });
  const [hash, stamp] = [await hashAdapter(folder), await adapterStamp(folder)];
  writeFileSync(mlx, readFileSync(mlx));
  assert.notEqual(await adapterStamp(folder), stamp);
  assert.equal(await hashAdapter(folder), hash);

  const torch = plain({ r: 2, lora_alpha: 2 });
  rmSync(factorsOf(torch));
  copyFileSync(goldenPath('torch/adapter_model.bin'), join(torch, 'adapter_model.bin'));
  const read = await readAdapter(torch);
  assert.deepEqual([...read.modules.keys()], [q, q.replace('q_proj', 'k_proj')]);
  assert.deepEqual(
    [...read.modules.get(q)!.B.data],
    [1, 7, 2, 8, 3, 9, 4, 10, 5, 11, 6, 12].map(n => n / 8),
  );
  assert.deepEqual(await readOrigin(torch), {});
  copyFileSync(goldenPath('torch/legacy.bin'), join(torch, 'adapter_model.bin'));
  await refuses(readAdapter(torch), 'unsupported', /adapter_model\.bin: is no archive of PyTorch/, /weights_only=True/);
});

test('a header of 640 bytes is no pickle, whose first bytes it has', async () => {
  const folder = plain();
  const { tensors, metadata } = await readSafetensors(factorsOf(folder), 'x');
  const write = (note: string) =>
    Buffer.concat(
      encodeSafetensors(
        [...tensors].map(([name, t]) => ({ ...t, name, dtype: 'F32' })),
        { ...metadata, note },
      ),
    );
  const bytes = write('x'.repeat(640 - Number(write('').readBigUInt64LE())));
  assert.equal(bytes.readBigUInt64LE(), 640n);
  writeFileSync(factorsOf(folder), bytes);
  assert.equal((await readAdapter(folder)).modules.size, 1);
});

test('factors in 8 bits, and a configuration without end, are refused', async () => {
  const folder = plain();
  const entry = { dtype: 'F8_E4M3', shape: [1, 1], data_offsets: [0, 1] };
  const header = JSON.stringify({ [`base_model.model.${q}.lora_A.weight`]: entry });
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  writeFileSync(factorsOf(folder), Buffer.concat([length, Buffer.from(header), Buffer.alloc(1)]));
  await refuses(readAdapter(folder), 'unsupported', /F8_E4M3/, /save it in F32, F16 or BF16/);
  writeFileSync(configOf(folder), `{"r": 4, "x": "${'x'.repeat(3_000_000)}"}`);
  await refuses(readAdapter(folder), 'badFile', /has 3000017 bytes; .* at most 2000000/, /last names/);
});

test('factors on the output layer or the embedding, and of blocks that the base does not have', async () => {
  const layers = new Map(linearLayers((await goldenBase('llama_tied')).config).map(l => [l.path, l]));
  const fit = async (path: string) => checkAdapterFits(await readAdapter(adapterFolder({ [path]: [64, 64] })), layers);
  await refuses(
    fit('lm_head'),
    'unsupported',
    /adapts lm_head, the output layer/,
    /multi-lora merge --adapter FOLDER=1 --into-base/,
  );
  await refuses(fit('model.embed_tokens'), 'unsupported', /the embedding/, /--format merged/);
  await refuses(
    fit('model.layers.7.self_attn.q_proj'),
    'mismatch',
    /which the base does not have; it has 2 blocks with q_proj, k_proj/,
    /another base/,
  );
});
