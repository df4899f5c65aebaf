import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { findOllamaModel, ollamaFolders, ollamaModels } from '../../src/experiment/ollamaModels.ts';
import { parseOllamaBase, shortOllamaName } from '../../src/hub/ollamaName.ts';
import { addOllamaModel, blobOf, linkOllamaModel, modelLayer, ollamaManifest } from '../support/ollamaStore.ts';
import { temporaryFolder } from '../support/temporaryFolder.ts';

const [one, two, three, four] = ['1', '2', '3', '4'].map(digit => digit.repeat(64)) as [string, string, string, string];
const library = 'registry.ollama.ai/library';

/** A store with the blobs 1 and 2, which have 10 and 20 bytes. */
function newStore(): string {
  const store = temporaryFolder();
  mkdirSync(join(store, 'blobs'));
  writeFileSync(blobOf(store, one), Buffer.alloc(10));
  writeFileSync(blobOf(store, two), Buffer.alloc(20));
  return store;
}

const listed = (...stores: string[]) => ollamaModels(stores).map(m => `${shortOllamaName(m.name)} ${m.bytes}`);
const find = (name: string, ...stores: string[]) => findOllamaModel(parseOllamaBase(`ollama:${name}`)!, stores)?.path;

test('models are those whose manifests name weights that are there', () => {
  const store = newStore();
  addOllamaModel(store, `${library}/llama3.2/1b`, one);
  addOllamaModel(store, `${library}/llama3.2/latest`, one);
  addOllamaModel(store, 'hf.co/owner/Model-GGUF/Q4_K_M', two);
  addOllamaModel(store, `${library}/gone/1b`, three);
  assert.deepEqual(listed(store), ['hf.co/owner/Model-GGUF:Q4_K_M 20', 'llama3.2:1b 10', 'llama3.2:latest 10']);
  assert.equal(find('llama3.2', store), blobOf(store, one));
  assert.equal(find('hf.co/owner/Model-GGUF:Q4_K_M', store), blobOf(store, two));
  for (const name of ['gone:1b', 'llama3.2:3b', 'other']) assert.equal(find(name, store), undefined, name);
});

test('manifests that are links to blobs, and lists of them for several runtimes', () => {
  const store = newStore();
  addOllamaModel(store, `${library}/old/1b`, two);
  linkOllamaModel(store, 'ollama.com/library/old/1b', ollamaManifest([[modelLayer, one]]), three);
  const mlx = { runner: 'mlx', format: 'safetensors', digest: `sha256:${'9'.repeat(64)}` };
  const gguf = { runner: 'llamacpp', format: 'gguf', digest: `sha256:${three}` };
  const inline = JSON.parse(ollamaManifest([[modelLayer, two]]));
  linkOllamaModel(store, 'ollama.com/me/list/1b', JSON.stringify({ manifests: [mlx, gguf] }), four);
  linkOllamaModel(store, 'ollama.com/me/own/1b', JSON.stringify({ manifests: [mlx, inline] }), '5'.repeat(64));
  assert.deepEqual(listed(store), ['me/list:1b 10', 'me/own:1b 20', 'old:1b 10']);
  assert.equal(find('old:1b', store), blobOf(store, one));
  assert.equal(find('me/list:1b', store), blobOf(store, one));
});

test('stores are looked into in their order; a model with an adapter says so', () => {
  const [first, second] = [newStore(), newStore()];
  addOllamaModel(first, `${library}/a/1b`, one);
  addOllamaModel(second, `${library}/a/1b`, two);
  addOllamaModel(second, `${library}/b/1b`, two);
  assert.deepEqual(listed(first, second), ['a:1b 10', 'b:1b 20']);
  assert.equal(find('a:1b', first, second), blobOf(first, one));
  assert.equal(find('b:1b', first, second), blobOf(second, two));
  const adapter = 'application/vnd.ollama.image.adapter';
  const both = ollamaManifest([
    [modelLayer, one],
    [adapter, two],
  ]);
  addOllamaModel(first, `${library}/tuned/1b`, one, both);
  assert.deepEqual(
    ollamaModels([first]).map(m => m.isAdapted),
    [false, true],
  );
});

test('what is damaged, too large, no file or leads elsewhere is left out, and the rest is there', () => {
  const store = newStore();
  const add = (tag: string, manifest: string) => addOllamaModel(store, `${library}/bad/${tag}`, one, manifest);
  const layers = (digest: unknown) => JSON.stringify({ layers: [{ mediaType: modelLayer, digest }] });
  add('cut', ollamaManifest([[modelLayer, one]]).slice(0, -5));
  add('null', 'null');
  add('text', '"layers"');
  add('numbers', '{"layers":7,"manifests":7}');
  add('nulls', '{"layers":[null],"manifests":[null]}');
  add('deep', '['.repeat(500_000));
  add('large', `${ollamaManifest([[modelLayer, one]])}${' '.repeat(2_000_000)}`);
  add('no-digest', layers(undefined));
  add('number', layers(1));
  add('path', layers('sha256:../../../../etc/passwd'));
  add('list', layers([`sha256:${one}`]));
  add('folder', layers(`sha256:${three}`));
  mkdirSync(blobOf(store, three));
  const folder = join(store, 'manifests', library);
  mkdirSync(join(folder, 'bad', 'deeper', 'still'), { recursive: true });
  symlinkSync('nowhere', join(folder, 'bad', 'lost'));
  symlinkSync('circle', join(folder, 'bad', 'circle'));
  writeFileSync(join(folder, 'bad', '.hidden'), ollamaManifest([[modelLayer, one]]));
  writeFileSync(join(folder, 'file'), 'no folder');
  if (process.platform !== 'win32') execFileSync('mkfifo', [join(folder, 'bad', 'pipe'), blobOf(store, four)]);
  add('to-pipe', layers(`sha256:${four}`));
  add('good', ollamaManifest([[modelLayer, one]]));
  assert.deepEqual(listed(store), ['bad:good 10']);
  for (const tag of ['cut', 'nulls', 'path', 'circle', 'deeper', 'pipe'])
    assert.equal(find(`bad:${tag}`, store), undefined);
});

test('no store is no models; the environment names the store', () => {
  assert.deepEqual(listed(join(temporaryFolder(), 'none')), []);
  const file = join(temporaryFolder(), 'file');
  writeFileSync(file, '');
  assert.deepEqual(listed(file), []);
  process.env.OLLAMA_MODELS = ` "${file}" `;
  assert.deepEqual(ollamaFolders(), [file]);
  process.env.OLLAMA_MODELS = '';
  process.env.HOME = process.env.USERPROFILE = '/home/me';
  assert.equal(ollamaFolders()[0], join('/home/me', '.ollama', 'models'));
  rmSync(file);
});
