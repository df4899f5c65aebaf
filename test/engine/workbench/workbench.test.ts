import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Weights } from '../../../src/engine/runtime/adapterBank.ts';
import { allLogits } from '../../../src/engine/runtime/model.ts';
import { createWorkbench, type Workbench } from '../../../src/engine/workbench/workbench.ts';
import { promptIds } from '../../../src/nn/tokenizer/chatTemplate.ts';
import { adapterFolder } from '../../support/adapterFolder.ts';
import { assertSameBits } from '../../support/assertClose.ts';
import { goldenBase } from '../../support/goldenBase.ts';
import { temporaryFolder } from '../../support/temporaryFolder.ts';

test("a base's files that are written while it is open are read anew; until then it stays open", async () => {
  const { folder } = await goldenBase('llama_tied');
  const workbench = createWorkbench({ mediaFolder: 'media', threads: 1, cacheFolder: temporaryFolder() });
  const prompt = async () => {
    const { tokenizer, chatTemplate } = (await workbench.model(folder)).base.text();
    const ids = promptIds(tokenizer, chatTemplate, [{ role: 'user', content: 'x' }], false);
    const alone = await workbench.text(folder);
    assert.equal(alone.chatTemplate.source, chatTemplate.source);
    return tokenizer.decode(ids);
  };
  const path = (name: string) => join(folder, name);
  assert.equal(await prompt(), 'x');
  const first = await workbench.model(folder);
  assert.equal(await workbench.model(folder), first);

  await writeFile(path('chat_template.jinja'), '{{ messages[0].content }}!');
  assert.equal(await prompt(), 'x!');
  await writeFile(path('chat_template.jinja'), '{{ messages[0].content }}?');
  assert.equal(await prompt(), 'x?');
  const config = JSON.parse(await readFile(path('config.json'), 'utf8'));
  await writeFile(path('config.json'), JSON.stringify({ ...config, max_position_embeddings: 100 }));
  assert.equal((await workbench.model(folder)).base.config.maxLength, 100);
  // What cannot be read is told; the base that is open is the one before.
  await writeFile(path('config.json'), '{');
  await assert.rejects(workbench.model(folder), { code: 'badFile' });
  await writeFile(path('config.json'), JSON.stringify({ ...config, max_position_embeddings: 90 }));
  assert.equal((await workbench.model(folder)).base.config.maxLength, 90);
  await workbench.dispose();
});

test('the text of a base that is not compiled follows its files too', async () => {
  const { folder } = await goldenBase('llama_tied');
  const workbench = createWorkbench({ mediaFolder: 'media', threads: 1, cacheFolder: temporaryFolder() });
  const before = await workbench.text(folder);
  assert.equal(await workbench.text(folder), before);
  await writeFile(join(folder, 'tokenizer_config.json'), JSON.stringify({ bos_token: '</s>' }));
  assert.equal((await workbench.text(folder)).tokenizer.bosToken, '</s>');
  await workbench.dispose();
});

test('a full bank: what was used longest ago gives way, comes back by itself, and answers as with all in memory', async () => {
  const names = ['a', 'b', 'c', 'd'];
  const folders = names.map((_, seed) =>
    adapterFolder({ 'model.layers.0.self_attn.o_proj': [256, 256] }, { seed, size: 0.5 }),
  );
  const adapters = Object.fromEntries(names.map((name, i) => [name, folders[i]!]));
  const start = (bankLimit?: number) =>
    createWorkbench({
      mediaFolder: 'media',
      threads: 1,
      cacheFolder: temporaryFolder(),
      ...(bankLimit && { bankLimit }),
    });
  const inBank = (workbench: Workbench) => workbench.loaded().adapters.map(({ name }) => name);
  const opened = async (workbench: Workbench) => (await workbench.openSource({ adapters }))!.open!;
  const logitsOf = async (workbench: Workbench, weights: Weights) => {
    const open = await opened(workbench);
    await open.load(Object.keys(weights));
    return allLogits(open.model, [1, 17, 60, 4], weights);
  };
  const large = start();
  await (await opened(large)).load(names);
  assert.deepEqual(inBank(large), names);
  const small = start((2 * large.loaded().bytes) / 4);
  const blends: Weights[] = [{ a: 1 }, { b: 1 }, { a: 1 }, { c: 1 }, { b: 0.5, d: -0.5 }, { a: 1 }];
  const held = [['a'], ['a', 'b'], ['a', 'b'], ['a', 'c'], ['b', 'd'], ['d', 'a']];
  for (const [i, weights] of blends.entries()) {
    assertSameBits(await logitsOf(small, weights), await logitsOf(large, weights), JSON.stringify(weights));
    assert.deepEqual(inBank(small), held[i]);
  }
  // What one request needs stays, whatever the limit; what a row under way needs too.
  const open = await opened(small);
  await open.load(['a', 'b']);
  await open.load(['c']);
  assert.deepEqual(inBank(small), ['a', 'b', 'c']);
  const release = open.model.bank.hold({ a: 1 });
  await (await opened(small)).load(['d']);
  assert.deepEqual(inBank(small), ['a', 'd']);
  release();
  await (await opened(small)).load(['b']);
  assert.deepEqual(inBank(small), ['d', 'b']);
  for (const workbench of [small, large]) await workbench.dispose();
});
