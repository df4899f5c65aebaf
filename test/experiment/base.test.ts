import assert from 'node:assert/strict';
import { copyFile, mkdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { allLogits } from '../../src/engine/runtime/model.ts';
import { openModel } from '../../src/engine/runtime/openModel.ts';
import { type Base, hashBase, loadBase } from '../../src/experiment/base.ts';
import { encodeSafetensors, type TensorToWrite } from '../../src/nn/files/safetensors.ts';
import type { ErrorCode, WorkbenchError } from '../../src/protocol/errors.ts';
import { assertClose, assertSameBits } from '../support/assertClose.ts';
import { goldenBase } from '../support/goldenBase.ts';
import { goldenPath, goldenTensors } from '../support/goldenFiles.ts';

const modelName = 'llama_untied_llama3rope';
const ids = [1, 7, 30, 41, 5];

async function logitsOf(base: Base): Promise<Float32Array> {
  const model = await openModel(base, 1);
  const logits = await allLogits(model, ids, {});
  await model.dispose();
  return logits;
}

const fails = (code: ErrorCode, text: string) => (e: WorkbenchError) => e.code === code && e.message.includes(text);

/** The model's tensors, to be written anew. */
function tensorsOf(base: Base, dtype: TensorToWrite['dtype'] = 'F32'): TensorToWrite[] {
  const read = goldenTensors(`models/${modelName}/model.safetensors`);
  return [...base.tensors].map(([name, { shape }]) => ({ name, dtype, shape, data: read(name) }));
}

const write = (base: Base, file: string, tensors: TensorToWrite[]) =>
  writeFile(join(base.folder, file), Buffer.concat(encodeSafetensors(tensors)));

test('the embedded base loads with its tokenizer, chat template and stop ids', async () => {
  const base = await loadBase(new URL('../../media/base', import.meta.url).pathname);
  const { chatTemplate, stopIds } = base.text();
  assert.deepEqual([base.config.architecture, chatTemplate.isFallback], ['llama', false]);
  assert.ok(stopIds.length > 0 && stopIds.every(id => id < base.config.vocab));
  assert.deepEqual(base.weightFiles, ['model.safetensors']);
});

test('weights in shards named by an index give the same bits as one file', async () => {
  const base = await goldenBase(modelName);
  const expected = await logitsOf(base);
  const tensors = tensorsOf(base);
  const [first, second] = [tensors.slice(0, 9), tensors.slice(9)];
  await write(base, 'model-00001-of-00002.safetensors', first);
  await write(base, 'model-00002-of-00002.safetensors', second);
  await rm(join(base.folder, 'model.safetensors'));
  const map = (list: TensorToWrite[], file: string) => list.map(t => [t.name, file]);
  const weight_map = Object.fromEntries([
    ...map(first, 'model-00001-of-00002.safetensors'),
    ...map(second, 'model-00002-of-00002.safetensors'),
  ]);
  await writeFile(join(base.folder, 'model.safetensors.index.json'), JSON.stringify({ weight_map }));
  const sharded = await loadBase(base.folder);
  assert.deepEqual(sharded.weightFiles, ['model-00001-of-00002.safetensors', 'model-00002-of-00002.safetensors']);
  assertSameBits(await logitsOf(sharded), expected);
});

test('weights that are links, as in the Hugging Face cache, give the same bits', async () => {
  const base = await goldenBase(modelName);
  const expected = await logitsOf(base);
  const blobs = join(base.folder, '..', `${base.folder.split('/').at(-1)}-blobs`);
  await mkdir(blobs);
  try {
    await rename(join(base.folder, 'model.safetensors'), join(blobs, 'abc123'));
    await symlink(join(blobs, 'abc123'), join(base.folder, 'model.safetensors'));
    assertSameBits(await logitsOf(await loadBase(base.folder)), expected);
  } finally {
    await rm(blobs, { recursive: true });
  }
});

for (const [dtype, tolerance] of [
  ['F16', 0.05],
  ['BF16', 0.4],
] as const)
  test(`${dtype} weights are read in place: logits as of the same weights widened to F32, bit for bit`, async () => {
    const base = await goldenBase(modelName);
    const full = await logitsOf(base);
    const halves = tensorsOf(base, dtype);
    await write(base, 'model.safetensors', halves);
    const half = await logitsOf(await loadBase(base.folder));
    // What writing to the half format rounds to, written as F32 again.
    const { parseSafetensorsHeader, readTensorF32 } = await import('../../src/nn/files/safetensors.ts');
    const bytes = new Uint8Array(await readFile(join(base.folder, 'model.safetensors')));
    const { tensors } = parseSafetensorsHeader(bytes, bytes.length, 'x');
    const widened = [...tensors].map(([name, t]) => ({
      name,
      dtype: 'F32' as const,
      shape: t.shape,
      data: readTensorF32(t, bytes.subarray(t.begin, t.end)),
    }));
    await write(base, 'model.safetensors', widened);
    assertSameBits(half, await logitsOf(await loadBase(base.folder)));
    assertClose(half, full, tolerance);
  });

test('a base without tokenizer.json gives logits from token ids, and says what is missing when text is wanted', async () => {
  const base = await goldenBase(modelName);
  const expected = await logitsOf(base);
  await rm(join(base.folder, 'tokenizer.json'));
  const bare = await loadBase(base.folder);
  assertSameBits(await logitsOf(bare), expected);
  assert.throws(() => bare.text(), fails('notFound', "the base's tokenizer.json is not there"));
});

test('the hash is that of the bytes, and does not change by use', async () => {
  const base = await goldenBase('llama_tied');
  const before = await hashBase(base);
  await logitsOf(base);
  assert.equal(await hashBase(base), before);
  assert.equal(before, await hashBase({ folder: goldenPath('models/llama_tied'), weightFiles: ['model.safetensors'] }));
  assert.match(before, /^[0-9a-f]{64}$/);
  await copyFile(goldenPath('models/llama_linear_rope/model.safetensors'), join(base.folder, 'model.safetensors'));
  assert.notEqual(await hashBase(base), before);
});

test('what is missing or does not fit is named', async t => {
  const check = (name: string, change: (base: Base) => Promise<void>, code: ErrorCode, text: string) =>
    t.test(name, async () => {
      const base = await goldenBase(modelName);
      await change(base);
      await assert.rejects(loadBase(base.folder), fails(code, text));
    });
  const json = (base: Base, file: string, value: unknown) => writeFile(join(base.folder, file), JSON.stringify(value));
  // A single file comes before an index, so it must be gone for the index to be read.
  const onlyIndex = async (base: Base, value: unknown) => {
    await rm(join(base.folder, 'model.safetensors'));
    await json(base, 'model.safetensors.index.json', value);
  };
  await check('folder', b => rm(b.folder, { recursive: true }), 'notFound', "the base model's folder is not there");
  await check('config', b => rm(join(b.folder, 'config.json')), 'notFound', "the base's config.json is not there");
  await check('weights', b => rm(join(b.folder, 'model.safetensors')), 'notFound', 'a weight file is not there');
  await check(
    'tensor',
    b => write(b, 'model.safetensors', tensorsOf(b).slice(1)),
    'notFound',
    "holds no tensor 'lm_head.weight'",
  );
  await check(
    'shape',
    b => json(b, 'config.json', { ...b.configJson, vocab_size: 999 }),
    'mismatch',
    "'model.embed_tokens.weight' has shape [128,64], config.json implies [999,64]",
  );
  await check(
    'architecture',
    b => json(b, 'config.json', { ...b.configJson, architectures: ['GPT2LMHeadModel'] }),
    'unsupported',
    'GPT2LMHeadModel',
  );
  await check(
    'truncated weights',
    b => writeFile(join(b.folder, 'model.safetensors'), new Uint8Array(7)),
    'badFile',
    'model.safetensors',
  );
  await check('no JSON', b => writeFile(join(b.folder, 'config.json'), '{'), 'badFile', 'not JSON');
  for (const file of ['../../etc/x.safetensors', 'sub\\x.safetensors', 'x.bin'])
    await check(
      `index that names ${file}`,
      b => onlyIndex(b, { weight_map: { a: file } }),
      'badFile',
      `names '${file}'`,
    );
  await check('empty index', b => onlyIndex(b, {}), 'badFile', 'names no weight file');
});
