import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { createWorkbench } from '../../../src/engine/workbench/workbench.ts';
import { promptIds } from '../../../src/nn/tokenizer/chatTemplate.ts';
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
