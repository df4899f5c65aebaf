import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parseDataset } from '../../src/data/parseDataset.ts';
import { hashBase, loadBase } from '../../src/experiment/base.ts';
import { readFacts } from '../../src/experiment/readFacts.ts';
import { encodeSafetensors } from '../../src/nn/files/safetensors.ts';
import { type AdapterOrigin, originMetadata } from '../../src/nn/lora/adapterOrigin.ts';
import { encodeExample } from '../../src/nn/tokenizer/encodeExample.ts';
import { embeddedGguf, ggufStart } from '../support/embeddedGguf.ts';
import { temporaryFolder } from '../support/temporaryFolder.ts';

const mediaFolder = fileURLToPath(new URL('../../media/', import.meta.url));
const folder = join(mediaFolder, 'base');
const examples = fileURLToPath(new URL('../../examples/experts/', import.meta.url));

test('the embedded base: configuration, template, hash', async () => {
  const facts = (await readFacts.base({ folder }))!;
  assert.ok('config' in facts && facts.config.dim === 256 && facts.chatTemplate!.length > 10);
  const weights = readFileSync(join(folder, 'model.safetensors'));
  assert.equal(
    await readFacts.baseHash({ folder, cacheFolder: '' }),
    createHash('sha256').update(weights).digest('hex'),
  );
});

test('a base in GGUF: configuration and template of the file, and the hash of what was made of it, once it is', async () => {
  const [path, cacheFolder] = [join(temporaryFolder(), 'blob'), temporaryFolder()];
  await embeddedGguf(path);
  const facts = (await readFacts.base({ folder: path }))!;
  const own = (await readFacts.base({ folder }))!;
  assert.ok('config' in facts && 'config' in own);
  assert.deepEqual([facts.config.dim, facts.config.layers, facts.chatTemplate], [256, 6, own.chatTemplate]);
  assert.equal(await readFacts.baseHash({ folder: path, cacheFolder }), undefined);
  const base = await loadBase(path, { cacheFolder });
  assert.equal(await readFacts.baseHash({ folder: path, cacheFolder }), await hashBase(base));
  writeFileSync(path, ggufStart({ 'general.architecture': 'rwkv7' }));
  assert.match(
    JSON.stringify(await readFacts.base({ folder: path })),
    /'rwkv7' is not supported\. Supported in GGUF: llama/,
  );
});

test('a base that is not there, has no weights, or is of another kind is told in words', async () => {
  const empty = temporaryFolder();
  assert.match(
    JSON.stringify(await readFacts.base({ folder: empty })),
    /the base is not there: .*config\.json cannot be read/,
  );
  writeFileSync(join(empty, 'config.json'), '{"architectures": ["GPT2LMHeadModel"]}');
  assert.match(JSON.stringify(await readFacts.base({ folder: empty })), /there is no model\.safetensors/);
  const index = join(empty, 'model.safetensors.index.json');
  writeFileSync(index, '{"weight_map": {"a": "../model.safetensors"}}');
  assert.match(
    JSON.stringify(await readFacts.base({ folder: empty })),
    /index\.json: names '\.\.\/model/,
    'as the engine',
  );
  writeFileSync(join(empty, 'model.safetensors'), '');
  assert.match(JSON.stringify(await readFacts.base({ folder: empty })), /GPT2LMHeadModel.*supported: Llama/);
});

test('a dataset: examples, bad lines, and what is not there', async () => {
  const path = join(temporaryFolder(), 'd.jsonl');
  assert.deepEqual(await readFacts.data({ files: [path], name: 'd.jsonl' }), {
    unreadable: 'missing',
    reason: 'd.jsonl is not there',
  });
  writeFileSync(path, '{"prompt": "a", "completion": "b"}\n{"prompt": 1}\n');
  const facts = (await readFacts.data({ files: [path], name: 'd.jsonl' }))!;
  assert.ok('examples' in facts);
  assert.deepEqual([facts.examples, facts.problems.map(p => p.where)], [1, ['d.jsonl:2', 'd.jsonl:2']]);
  writeFileSync(path, Buffer.from('\uFEFF{"prompt": "a", "completion": "b"}\n', 'utf16le'));
  const converted = (await readFacts.data({ files: [path], name: 'd.jsonl' }))!;
  assert.ok('examples' in converted);
  assert.deepEqual([converted.examples, converted.problems.map(p => p.code)], [1, ['convertedText']]);
  const folder = temporaryFolder();
  assert.deepEqual(await readFacts.data({ files: [folder], name: 'd' }), {
    unreadable: 'broken',
    reason: 'd is not a file',
  });
  assert.deepEqual(await readFacts.data({ files: [], name: 'owner/name' }), {
    unreadable: 'broken',
    reason:
      'owner/name is neither a file nor in the Hugging Face cache; get it with “Multi-LoRA: Get a Dataset…” (multi-lora get --dataset owner/name)',
  });
});

test('tokens of examples are those that training counts, of a sample spread over the file', async () => {
  const path = join(temporaryFolder(), 'd.jsonl');
  const lines = readFileSync(join(examples, 'math/train.jsonl'), 'utf8').split('\n').slice(0, 601);
  writeFileSync(path, lines.join('\n'));
  const { lengths, isSample } = (await readFacts.learned({
    files: [path],
    name: 'd.jsonl',
    base: folder,
    thinking: false,
  }))!;
  const { tokenizer, chatTemplate } = (await loadBase(folder)).text();
  const sample = parseDataset(lines.join('\n'), path).examples.filter((_, i) => i % 2 === 0);
  const expected = sample.map(
    e => encodeExample(tokenizer, chatTemplate, e.messages, { maxLength: 9999, lossOn: 'all' }).ids.length,
  );
  assert.deepEqual([...lengths], expected);
  assert.equal(isSample, true);
});

test('an adapter says what it was trained on', async () => {
  const adapter = temporaryFolder();
  writeFileSync(join(adapter, 'adapter_config.json'), '{"peft_type": "LORA", "r": 4}');
  const factors = (origin: AdapterOrigin) =>
    writeFileSync(join(adapter, 'adapter_model.safetensors'), encodeSafetensors([], originMetadata(origin))[0]!);
  factors({ baseHash: 'abc' });
  const facts = (await readFacts.adapter({ folder: adapter, name: 'a' }))!;
  assert.ok('config' in facts);
  assert.deepEqual([facts.config.rank, facts.baseHash, facts.chatTemplate], [4, 'abc', undefined]);
  writeFileSync(join(adapter, 'chat_template.jinja'), 'T');
  const template = async () => {
    const now = (await readFacts.adapter({ folder: adapter, name: 'a' }))!;
    return 'config' in now ? now.chatTemplate : undefined;
  };
  assert.equal(await template(), 'T', 'as other programs leave it');
  factors({ chatTemplate: '' });
  assert.equal(await template(), '');
  writeFileSync(join(adapter, 'adapter_model.safetensors'), 'cut off');
  assert.equal(await template(), 'T');
  writeFileSync(join(adapter, 'adapter_config.json'), '{"peft_type": "LORA", "r": "4"}');
  assert.match(JSON.stringify(await readFacts.adapter({ folder: adapter, name: 'a' })), /r must be a whole number/);
});
