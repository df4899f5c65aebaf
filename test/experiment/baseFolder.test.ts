import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import test from 'node:test';
import { getHFHubCachePath } from '@huggingface/hub';
import { baseFolder, findBaseFolder, missingBase, parseBaseName } from '../../src/experiment/baseFolder.ts';
import { cachedModels, hubCacheFolder } from '../../src/experiment/hubCache.ts';
import type { WorkbenchError } from '../../src/protocol/errors.ts';
import { addOllamaModel, blobOf, modelLayer, ollamaManifest } from '../support/ollamaStore.ts';
import { temporaryFolder } from '../support/temporaryFolder.ts';

const commit = 'a'.repeat(40);

/** A cache with one commit of owner/name, and names for it. */
function cacheWith(refs: Record<string, string>, snapshots = [commit]) {
  const cacheFolder = temporaryFolder();
  const repo = join(cacheFolder, 'models--owner--name');
  for (const name of snapshots) {
    mkdirSync(join(repo, 'snapshots', name), { recursive: true });
    writeFileSync(join(repo, 'snapshots', name, 'config.json'), '{}');
  }
  for (const [name, text] of Object.entries(refs)) {
    mkdirSync(dirname(join(repo, 'refs', name)), { recursive: true });
    writeFileSync(join(repo, 'refs', name), text);
  }
  return { cacheFolder, snapshot: join(repo, 'snapshots', commit) };
}

test('a base is the embedded one, a folder, or a snapshot of the Hugging Face cache', () => {
  const { cacheFolder, snapshot } = cacheWith({ main: commit });
  const find = (base: string, from = '/recipes') => findBaseFolder(base, { from, mediaFolder: '/media', cacheFolder });
  assert.equal(find('embedded'), '/media/base');
  assert.equal(find('./mine'), '/recipes/mine');
  assert.equal(find('owner/name'), snapshot);
  assert.equal(find('owner/other'), undefined);
  const from = temporaryFolder();
  mkdirSync(join(from, 'owner', 'name'), { recursive: true });
  assert.equal(find('owner/name', from), join(from, 'owner', 'name'), 'a folder comes first');
});

test('a revision is a branch, a tag, a reference with slashes, or a whole commit; nothing else is a snapshot', () => {
  const other = 'b'.repeat(40);
  const { cacheFolder, snapshot } = cacheWith(
    { main: `${commit}\n`, 'feature/one': commit, lost: other, odd: 'v1', 'v1.0': commit },
    [commit, 'v1', 'short'],
  );
  const find = (revision: string) =>
    findBaseFolder(`owner/name@${revision}`, { from: '/recipes', mediaFolder: '/media', cacheFolder });
  for (const revision of ['main', 'v1.0', 'feature/one', commit]) assert.equal(find(revision), snapshot, revision);
  // Names of others' commits, of no commit, a part of a name, folders that no hub makes, and a commit that is not there.
  for (const revision of ['lost', 'odd', 'feature', 'short', 'v1', commit.slice(0, 7), other, commit.toUpperCase()])
    assert.equal(find(revision), undefined, revision);
});

test('models of the cache are offered when their weights have arrived', async () => {
  const { cacheFolder, snapshot } = cacheWith({ main: commit });
  assert.deepEqual(await cachedModels(cacheFolder), []);
  writeFileSync(join(snapshot, 'model.safetensors.index.json'), '{}');
  mkdirSync(join(cacheFolder, 'datasets--owner--name'));
  assert.deepEqual(await cachedModels(cacheFolder), ['owner/name']);
  assert.deepEqual(await cachedModels(join(cacheFolder, 'none')), []);
});

const variables = ['HF_HUB_CACHE', 'HUGGINGFACE_HUB_CACHE', 'HF_HOME', 'XDG_CACHE_HOME'];

/** Does something in an environment with these variables of Hugging Face's, and no others of them. */
function inEnvironment<T>(set: Record<string, string>, work: () => T): T {
  const before = variables.map(name => [name, process.env[name]] as const);
  for (const name of variables) delete process.env[name];
  Object.assign(process.env, set);
  try {
    return work();
  } finally {
    for (const [name, value] of before)
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
  }
}

test('the cache is where the library of Hugging Face has it, for every variable that it reads', () => {
  for (let mask = 0; mask < 2 ** variables.length; mask++) {
    const set = Object.fromEntries(variables.filter((_, i) => mask & (1 << i)).map(name => [name, `/of/${name}`]));
    inEnvironment(set, () => assert.equal(hubCacheFolder(), getHFHubCachePath(), JSON.stringify(set)));
  }
});

test('the setting comes first; ~ is the home, and an empty variable is none', () => {
  const cases: [setting: string | undefined, env: Record<string, string>, expected: string][] = [
    ['/models', { HF_HUB_CACHE: '/hub' }, '/models'],
    ['', { HF_HUB_CACHE: '/hub' }, '/hub'],
    ['~/models', {}, join(homedir(), 'models')],
    [undefined, { HF_HUB_CACHE: '~' }, homedir()],
    [undefined, { HF_HOME: '~/hf' }, join(homedir(), 'hf', 'hub')],
    [undefined, { HF_HUB_CACHE: '', HF_HOME: '' }, join(homedir(), '.cache', 'huggingface', 'hub')],
  ];
  for (const [setting, env, expected] of cases)
    inEnvironment(env, () => assert.equal(hubCacheFolder(setting), expected, JSON.stringify([setting, env])));
});

test('a model that was not downloaded is told of, with the command that gets it', () => {
  const { cacheFolder, snapshot } = cacheWith({ main: commit });
  inEnvironment({ HF_HUB_CACHE: cacheFolder }, () => {
    assert.equal(baseFolder('owner/name', '/recipes', '/media'), snapshot);
    assert.throws(
      () => baseFolder('owner/name@old', '/recipes', '/media'),
      ({ code, message, hint }: WorkbenchError) =>
        code === 'notFound' &&
        message.includes(cacheFolder) &&
        /get owner\/name --revision old \(in the editor: Get a Base Model…\)$/.test(hint!),
    );
  });
});

test('a model of Ollama is the file of its weights; one that is not there is told of with those that are', () => {
  const store = temporaryFolder();
  const hash = 'a'.repeat(64);
  mkdirSync(join(store, 'blobs'));
  writeFileSync(blobOf(store, hash), 'GGUF');
  process.env.OLLAMA_MODELS = store;
  const find = (base: string) =>
    findBaseFolder(base, { from: '/recipes', mediaFolder: '/media', cacheFolder: '/none' });
  const refused = (base: string, code: string, message: RegExp, hint: RegExp) =>
    assert.throws(
      () => baseFolder(base, '/recipes', '/media'),
      (error: WorkbenchError) => error.code === code && message.test(error.message) && hint.test(error.hint!),
      base,
    );
  refused('ollama:qwen3', 'notFound', /among the GGUF models of Ollama/, /There are none.*ollama pull qwen3:latest$/);
  addOllamaModel(store, 'registry.ollama.ai/library/llama3.2/1b', hash);
  assert.equal(find('ollama:llama3.2:1b'), blobOf(store, hash));
  assert.equal(baseFolder('ollama:llama3.2:1b', '/recipes', '/media'), blobOf(store, hash));
  assert.equal(find('ollama:llama3.2'), undefined);
  const listed = /^There are: llama3\.2:1b\.$/;
  refused('ollama:llama3.2', 'notFound', new RegExp(`'ollama:llama3.2' is not .*${store}`), listed);
  refused('ollama:../x', 'notFound', /cannot be a model of Ollama's/, /such as ollama:llama3\.2:1b/);
  const adapter = 'application/vnd.ollama.image.adapter';
  const tuned = ollamaManifest([
    [modelLayer, hash],
    [adapter, hash],
  ]);
  addOllamaModel(store, 'registry.ollama.ai/library/tuned/1b', hash, tuned);
  assert.equal(find('ollama:tuned:1b'), undefined);
  refused('ollama:tuned:1b', 'unsupported', /with an adapter of its own/, /that it was made from/);
});

test('what a name means does not depend on what a folder is called', () => {
  const from = temporaryFolder();
  // No path of Windows.
  if (process.platform !== 'win32') mkdirSync(join(from, 'ollama:a'));
  assert.deepEqual(parseBaseName('embedded', from), { kind: 'embedded' });
  assert.equal(parseBaseName('ollama:a', from).kind, 'ollama');
  assert.deepEqual(parseBaseName('./ollama:a', from), { kind: 'path', path: join(from, 'ollama:a') });
  assert.equal(parseBaseName('owner/name', from).kind, 'hub');
  assert.deepEqual(parseBaseName('./owner/name', from), { kind: 'path', path: join(from, 'owner', 'name') });
});

test('a model in GGUF is named by how its file ends; a path that is there comes first', () => {
  const { cacheFolder, snapshot } = cacheWith({ main: commit, v1: commit });
  const from = temporaryFolder();
  const find = (base: string) => findBaseFolder(base, { from, mediaFolder: '/media', cacheFolder });
  const write = (name: string) => {
    mkdirSync(dirname(join(snapshot, name)), { recursive: true });
    writeFileSync(join(snapshot, name), 'GGUF');
    return join(snapshot, name);
  };
  const whole = write('x-Q4_K_M.gguf');
  const first = write('BF16/x-BF16-00001-of-00002.gguf');
  assert.equal(find('owner/name:Q4_K_M'), whole);
  assert.equal(find('owner/name:q4_k_m@v1'), whole);
  assert.equal(find('owner/name:BF16'), undefined, 'half of it');
  write('BF16/x-BF16-00002-of-00002.gguf');
  assert.equal(find('owner/name:BF16'), first);
  assert.equal(find('owner/name:Q8_0'), undefined);
  assert.deepEqual(parseBaseName('owner/name:Q8_0', from), {
    kind: 'gguf',
    name: { repo: 'owner/name', revision: 'main', tag: 'Q8_0' },
  });
  const why = (base: string) => missingBase(base, from, cacheFolder);
  assert.match(why('owner/name:Q8_0').message, /neither a file \(.*\) nor a model in GGUF of the Hugging Face cache/);
  assert.match(why('owner/name:Q8_0@v1').hint!, /multi-lora get owner\/name:Q8_0 --revision v1/);
  write('y-Q4_K_M.gguf');
  assert.equal(find('owner/name:Q4_K_M'), undefined);
  assert.match(why('owner/name:Q4_K_M').message, /any of 2 files .*: x-Q4_K_M\.gguf, y-Q4_K_M\.gguf/);
  mkdirSync(join(from, 'owner'));
  writeFileSync(join(from, 'owner', 'name:Q4_K_M'), '');
  if (process.platform !== 'win32') assert.equal(find('owner/name:Q4_K_M'), join(from, 'owner', 'name:Q4_K_M'));
});
