import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import test from 'node:test';
import { getHFHubCachePath } from '@huggingface/hub';
import { baseFolder, findBaseFolder } from '../../src/experiment/baseFolder.ts';
import { cachedModels, hubCacheFolder } from '../../src/experiment/hubCache.ts';
import type { WorkbenchError } from '../../src/protocol/errors.ts';
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
