import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { localModels } from '../../src/experiment/localModels.ts';
import { addOllamaModel, blobOf } from '../support/ollamaStore.ts';
import { ownHome } from '../support/ownHome.ts';
import { temporaryFolder } from '../support/temporaryFolder.ts';

const none = join(temporaryFolder(), 'none');

function write(path: string, bytes = 1): string {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, '');
  truncateSync(path, bytes);
  return path;
}

function link(target: string, path: string): void {
  mkdirSync(dirname(path), { recursive: true });
  symlinkSync(target, path);
}

const listed = async (hubCache = none) =>
  (await localModels(hubCache)).map(({ owner, name, bytes }) => `${owner}: ${name} ${bytes}`);

test('a home in which nothing is kept has no models', async () => {
  ownHome();
  assert.deepEqual(await listed(), []);
});

test('models of Ollama are named as recipes resolve them, those of others by their paths', async () => {
  const home = ownHome();
  const store = join(home, '.ollama', 'models');
  const blob = write(blobOf(store, 'a'.repeat(64)), 10);
  addOllamaModel(store, 'registry.ollama.ai/library/llama3.2/1b', 'a'.repeat(64));
  const file = write(join(home, '.lmstudio/models/publisher/repo/model-q4.gguf'), 20);
  assert.deepEqual(await localModels(none), [
    { name: 'llama3.2:1b', owner: 'Ollama', base: 'ollama:llama3.2:1b', path: blob, bytes: 10 },
    { name: 'publisher/repo/model-q4.gguf', owner: 'LM Studio', base: file, path: file, bytes: 20 },
  ]);
});

test("LM Studio's folders: now, earlier, where its pointer leads, and what its settings name", async () => {
  const home = ownHome();
  const [moved, chosen] = [temporaryFolder(), temporaryFolder()];
  write(join(home, '.lmstudio/models/p/r/now.gguf'));
  write(join(home, '.cache/lm-studio/models/p/r/earlier.gguf'));
  write(join(moved, 'models/p/r/moved.gguf'));
  write(join(chosen, 'p/r/chosen.gguf'));
  writeFileSync(join(home, '.lmstudio-home-pointer'), `${moved}\n`);
  writeFileSync(join(home, '.lmstudio/settings.json'), JSON.stringify({ downloadsFolder: chosen }));
  const expected = ['moved', 'chosen', 'now', 'earlier'].map(name => `LM Studio: p/r/${name}.gguf 1`);
  assert.deepEqual(await listed(), expected);
  writeFileSync(join(home, '.lmstudio-home-pointer'), 'relative');
  writeFileSync(join(home, '.lmstudio/settings.json'), '{"downloadsFolder":7');
  assert.deepEqual(await listed(), expected.slice(2));
});

test('of split files the first is listed with the size of all; parts that see, and other files, are not', async () => {
  const models = join(ownHome(), '.lmstudio/models/p/r');
  write(join(models, 'big-00001-of-00002.gguf'), 30);
  write(join(models, 'big-00002-of-00002.gguf'), 12);
  write(join(models, 'half-00001-of-00002.gguf'), 30);
  write(join(models, 'mmproj-model-f16.gguf'));
  write(join(models, 'model.gguf.part'));
  write(join(models, 'model.safetensors'));
  write(join(models, '.hidden/model.gguf'));
  mkdirSync(join(models, 'folder.gguf'));
  write(join(models, 'deeper/model.gguf'));
  write(join(models, '../beside.gguf'), 3);
  assert.deepEqual(await listed(), ['LM Studio: p/beside.gguf 3', 'LM Studio: p/r/big-00001-of-00002.gguf 42']);
});

test('links are followed, those in circles once, and a file is listed once', async () => {
  const home = ownHome();
  const models = join(home, '.lmstudio/models');
  const file = write(join(temporaryFolder(), 'mine.gguf'), 5);
  link(dirname(file), join(models, 'p', 'linked'));
  link('..', join(models, 'p', 'up'));
  link(models, join(models, 'p', 'circle'));
  link('gone', join(models, 'p', 'gone'));
  link('gone.gguf', join(models, 'p', 'gone.gguf'));
  link(file, join(home, '.cache/llama.cpp/again.gguf'));
  assert.deepEqual(await listed(), ['LM Studio: p/linked/mine.gguf 5']);
});

test("llama.cpp's downloads lie in one folder, or as the Hugging Face libraries have them", async () => {
  const home = ownHome();
  const cache = process.platform === 'darwin' ? 'Library/Caches/llama.cpp' : '.cache/llama.cpp';
  write(join(home, cache, 'owner_repo_model.gguf'));
  write(join(home, cache, 'owner_repo_mmproj-model.gguf'));
  write(join(home, cache, 'owner_repo_model.gguf.json'));
  write(join(home, cache, 'folder/model.gguf'));
  write(join(home, cache, 'models--o--r/snapshots', 'a'.repeat(40), 'model.gguf'), 2);
  assert.deepEqual(await listed(), ['llama.cpp: owner_repo_model.gguf 1', 'llama.cpp: o/r/model.gguf 2']);
  process.env.LLAMA_CACHE = temporaryFolder();
  write(join(process.env.LLAMA_CACHE, 'named.gguf'));
  assert.deepEqual(await listed(), ['llama.cpp: named.gguf 1']);
});

test('the Hugging Face cache: files of snapshots, that of main where several have them', async () => {
  ownHome();
  const cache = temporaryFolder();
  const repo = join(cache, 'models--owner--name-GGUF');
  const [old, main] = ['0'.repeat(40), 'f'.repeat(40)];
  write(join(repo, 'blobs', 'q4'), 7);
  for (const commit of [old, main]) link(`../../blobs/q4`, join(repo, 'snapshots', commit, 'q4.gguf'));
  write(join(repo, 'snapshots', main, 'Q8_0', 'x-Q8_0-00001-of-00001.gguf'), 9);
  write(join(repo, 'refs', 'main'));
  writeFileSync(join(repo, 'refs', 'main'), main);
  write(join(cache, 'datasets--owner--name', 'snapshots', main, 'data.gguf'));
  write(join(cache, '.locks', 'models--owner--name-GGUF', 'x.gguf'));
  const found = await localModels(cache);
  assert.deepEqual(
    found.map(({ name, base, bytes }) => [name, base, bytes]),
    [
      ['owner/name-GGUF/Q8_0/x-Q8_0-00001-of-00001.gguf', 'owner/name-GGUF:Q8_0', 9],
      ['owner/name-GGUF/q4.gguf', join(repo, 'snapshots', main, 'q4.gguf'), 7],
    ],
  );
});

test('a tree without an end is left after some thousand folders', async () => {
  const models = join(ownHome(), '.lmstudio/models');
  for (let i = 0; i < 60; i++)
    for (let j = 0; j < 40; j++) mkdirSync(join(models, `p${i}`, `r${j}`), { recursive: true });
  write(join(models, 'p0/r0/first.gguf'));
  write(join(models, 'p9/r9/last.gguf'));
  assert.deepEqual(await listed(), ['LM Studio: p0/r0/first.gguf 1']);
});
