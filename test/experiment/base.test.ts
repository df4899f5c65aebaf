import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { copyFile, mkdir, readFile, rename, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { allLogits } from '../../src/engine/runtime/model.ts';
import { openModel } from '../../src/engine/runtime/openModel.ts';
import { type Base, hashBase, loadBase } from '../../src/experiment/base.ts';
import { encodeSafetensors, type TensorToWrite } from '../../src/nn/files/safetensors.ts';
import { promptIds } from '../../src/nn/tokenizer/chatTemplate.ts';
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
    "asks for the tensor 'lm_head.weight', which the checkpoint does not hold",
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

test('weights of other formats are refused with what they are and what to do', async t => {
  const check = (name: string, change: (base: Base) => Promise<unknown>, code: ErrorCode, text: RegExp, hint: RegExp) =>
    t.test(name, async () => {
      const base = await goldenBase(modelName);
      await change(base);
      await assert.rejects(loadBase(base.folder), (e: WorkbenchError) => {
        assert.equal(e.code, code);
        assert.match(e.message, text);
        assert.ok(e.message.includes(base.folder), e.message);
        assert.match(e.hint ?? '', hint);
        return true;
      });
    });
  const inPlace = (file: string) => async (b: Base) =>
    rename(join(b.folder, 'model.safetensors'), join(b.folder, file));
  const config = (b: Base, more: object) =>
    writeFile(join(b.folder, 'config.json'), JSON.stringify({ ...b.configJson, ...more }));
  const weights = (text: string) => (b: Base) => writeFile(join(b.folder, 'model.safetensors'), text);
  const withoutOne = async (b: Base, more: object) => {
    await write(b, 'model.safetensors', tensorsOf(b).slice(1));
    await config(b, more);
  };
  for (const method of ['gptq', 'awq', 'compressed-tensors'])
    await check(
      method,
      b => withoutOne(b, { quantization_config: { quant_method: method, bits: 4 } }),
      'unsupported',
      new RegExp(`config\\.json: the base's weights are quantised by ${method}, in 4 bits`),
      /BF16, F16 or F32/,
    );
  await check(
    'bitsandbytes, whose tensors have other shapes',
    b => config(b, { vocab_size: 999, quantization_config: { load_in_4bit: true, quant_method: 'bitsandbytes' } }),
    'unsupported',
    /quantised by bitsandbytes, in 4 bits/,
    /BF16/,
  );
  await check(
    'MLX',
    b => withoutOne(b, { quantization: { group_size: 64, bits: 4 } }),
    'unsupported',
    /quantised by MLX, in 4 bits/,
    /BF16/,
  );
  await check(
    'GPTQ that config.json does not tell of',
    b => {
      const [first, ...rest] = tensorsOf(b);
      const name = 'model.layers.0.self_attn.q_proj.qweight';
      return write(b, 'model.safetensors', [{ ...first!, name }, ...rest]);
    },
    'unsupported',
    /weights are quantised \(they hold 'model\.layers\.0\.self_attn\.q_proj\.qweight'\)/,
    /BF16/,
  );
  await check(
    'FP8 that config.json does not tell of',
    async b => {
      const path = join(b.folder, 'model.safetensors');
      const bytes = await readFile(path);
      await writeFile(path, Buffer.from(bytes.toString('latin1').replace('"F32"', '"F8_E4M3"'), 'latin1'));
    },
    'unsupported',
    /model\.safetensors: tensor .* has the dtype "F8_E4M3"/,
    /BF16, F16 or F32/,
  );
  await check(
    'pytorch_model.bin',
    inPlace('pytorch_model.bin'),
    'notFound',
    /has pytorch_model\.bin/,
    /save_pretrained/,
  );
  await check(
    'GGUF',
    inPlace('q4.gguf'),
    'notFound',
    /has q4\.gguf, and no model\.safetensors/,
    /Name the GGUF file itself as the base/,
  );
  await check('Llama by Meta', inPlace('consolidated.00.pth'), 'notFound', /consolidated/, /-hf/);
  await check(
    'another name',
    inPlace('weights.safetensors'),
    'notFound',
    /weights\.safetensors/,
    /called model\.safet/,
  );
  await check(
    'GGUF alone',
    async b => {
      await inPlace('q4.gguf')(b);
      await rm(join(b.folder, 'config.json'));
    },
    'notFound',
    /has q4\.gguf, and no config\.json/,
    /Name the GGUF file itself as the base/,
  );
  await check(
    'an adapter',
    async b => {
      await inPlace('adapter_model.safetensors')(b);
      await rename(join(b.folder, 'config.json'), join(b.folder, 'adapter_config.json'));
    },
    'notFound',
    /has adapter_config\.json/,
    /name it as an expert's "adapter"/,
  );
  const pointer = 'version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n';
  await check(
    'LFS pointer',
    weights(pointer),
    'badFile',
    /model\.safetensors: this is a Git LFS pointer/,
    /git lfs pull/,
  );
  await check('web page', weights('<!DOCTYPE html><html></html>'), 'badFile', /this is a web page/, /Download/);
  await check(
    'LFS pointer for a tokenizer',
    b => writeFile(join(b.folder, 'tokenizer.json'), pointer),
    'badFile',
    /tokenizer\.json: this is a Git LFS pointer/,
    /git lfs pull/,
  );
  await check(
    'a file in place of a folder',
    async b => {
      await rm(b.folder, { recursive: true });
      await writeFile(b.folder, '');
    },
    'notFound',
    /is a file, not a model's folder/,
    /^$/,
  );
});

test('tokenizer.model alone is said, with how to make a tokenizer.json of it', async () => {
  const base = await goldenBase(modelName);
  await rename(join(base.folder, 'tokenizer.json'), join(base.folder, 'tokenizer.model'));
  const bare = await loadBase(base.folder);
  assert.throws(
    () => bare.text(),
    (e: WorkbenchError) =>
      fails('notFound', '(the folder has tokenizer.model)')(e) && /AutoTokenizer.*save_pretrained/.test(e.hint!),
  );
});

test('pipes, devices, folders and files of a size that none has are refused before they are read', async t => {
  const kinds: Record<string, [make: (path: string) => unknown, text: string]> = {
    pipe: [path => execFileSync('mkfifo', [path]), 'this is a pipe'],
    device: [path => symlink('/dev/zero', path), 'this is a device'],
    folder: [path => mkdir(path), 'it is a folder, not a file'],
    'sparse file': [path => writeFile(path, '').then(() => truncate(path, 3e9)), ' bytes'],
  };
  const files = [
    'config.json',
    'tokenizer.json',
    'tokenizer_config.json',
    'special_tokens_map.json',
    'generation_config.json',
    'chat_template.jinja',
    'model.safetensors',
  ];
  for (const file of files)
    for (const [kind, [make, text]] of Object.entries(kinds)) {
      // Weights are as large as they are.
      if (file === 'model.safetensors' && kind === 'sparse file') continue;
      await t.test(`${file} as a ${kind}`, { skip: process.platform === 'win32' }, async () => {
        const { folder } = await goldenBase(modelName);
        const path = join(folder, file);
        await rm(path, { force: true });
        await make(path);
        await assert.rejects(loadBase(folder), (e: WorkbenchError) => {
          assert.ok(e.message.startsWith(`${path}: `) && e.message.includes(text), e.message);
          return true;
        });
      });
    }
});

test('a path with a NUL, one that is too long and one in a circle are told as such', async () => {
  const { folder } = await goldenBase(modelName);
  const index = (name: string) =>
    writeFile(join(folder, 'model.safetensors.index.json'), JSON.stringify({ weight_map: { a: name } }));
  await rm(join(folder, 'model.safetensors'));
  await index('a\0.safetensors');
  await assert.rejects(loadBase(folder), fails('badFile', "names 'a\\0.safetensors'"));
  await index(`${'a'.repeat(5000)}.safetensors`);
  await assert.rejects(loadBase(folder), (e: WorkbenchError) => {
    assert.deepEqual([e.code, e.message.length < 1000], ['storage', true]);
    return /the path is too long/.test(e.message);
  });
  await symlink('model.safetensors', join(folder, 'model.safetensors'));
  await index('model.safetensors');
  await assert.rejects(loadBase(folder), fails('storage', 'its links lead in a circle'));
});

test('BOS and EOS come from special_tokens_map.json where tokenizer_config.json has none', async () => {
  const { folder } = await goldenBase(modelName);
  const write = (file: string, json: unknown) => writeFile(join(folder, file), JSON.stringify(json));
  const tokens = async () => {
    const { tokenizer } = (await loadBase(folder)).text();
    return [tokenizer.bosToken, tokenizer.eosToken];
  };
  await write('special_tokens_map.json', { bos_token: { content: '</s>' }, eos_token: '</s>' });
  assert.deepEqual(await tokens(), ['<s>', '</s>']);
  await write('tokenizer_config.json', {});
  assert.deepEqual(await tokens(), ['</s>', '</s>']);
  await write('tokenizer_config.json', { bos_token: null });
  assert.deepEqual(await tokens(), [undefined, '</s>']);
});

test('a token beyond the rows of the embedding is refused before anything is computed', async () => {
  const { folder } = await goldenBase(modelName);
  const path = join(folder, 'tokenizer.json');
  const json = JSON.parse(await readFile(path, 'utf8'));
  json.added_tokens.push({ id: 128, content: '<|tool|>', special: true });
  await writeFile(path, JSON.stringify(json));
  const { tokenizer } = (await loadBase(folder)).text();
  assert.throws(
    () => tokenizer.encode('hi<|tool|>'),
    fails('mismatch', `${path}: the token '<|tool|>' has the id 128; the base's embedding has 128 rows`),
  );
});

test('a chat template that is there and cannot be read is not passed over', async () => {
  const { folder } = await goldenBase(modelName);
  const path = join(folder, 'chat_template.jinja');
  await writeFile(path, Buffer.from('{{ messages[0].content }} caf\xe9', 'latin1'));
  await assert.rejects(loadBase(folder), fails('badFile', `${path}: the chat template is not UTF-8`));
  await rm(path);
  await symlink('blobs/gone', path);
  await assert.rejects(loadBase(folder), fails('notFound', `the chat template is not there: ${path}`));
});

test('what is wrong with a chat template names its file', async t => {
  const check = (name: string, file: string, content: string, use: boolean, code: ErrorCode, text: string) =>
    t.test(name, async () => {
      const { folder } = await goldenBase(modelName);
      await writeFile(join(folder, file), content);
      const opened = loadBase(folder).then(base => {
        if (use) promptIds(base.text().tokenizer, base.text().chatTemplate, [{ role: 'user', content: 'x' }], false);
      });
      await assert.rejects(opened, fails(code, text.replace('FILE', join(folder, file))));
    });
  const config = (chat_template: unknown) => JSON.stringify({ chat_template });
  const jinja = 'chat_template.jinja';
  await check('no Jinja', jinja, '{% if', false, 'badFile', 'FILE: the chat template cannot be read');
  await check(
    'no Jinja in JSON',
    'tokenizer_config.json',
    config('{% if'),
    false,
    'badFile',
    'FILE: the chat template',
  );
  const filter = '{{ messages[0].content | shout }}';
  await check('an unknown filter', jinja, filter, true, 'badRequest', 'FILE: the chat template refused');
  await check(
    'an unknown filter in JSON',
    'tokenizer_config.json',
    config(filter),
    true,
    'badRequest',
    'FILE: the chat',
  );
  const loop = '{% for i in range(1000000000) %}{% endfor %}';
  await check('no end', jinja, loop, false, 'badFile', 'FILE: the chat template was stopped');
  const pointer = 'version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n';
  await check('LFS pointer', jinja, pointer, false, 'badFile', 'FILE: this is a Git LFS pointer');
  for (const odd of [5, {}, [null, 5], [{ name: 'default', template: 5 }], []])
    await check(
      `${JSON.stringify(odd)}`,
      'tokenizer_config.json',
      config(odd),
      false,
      'badFile',
      "FILE: 'chat_template' sh",
    );
});
