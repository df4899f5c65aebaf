import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { downloadGguf } from '../../../src/engine/hub/downloadGguf.ts';
import { downloadModel } from '../../../src/engine/hub/downloadModel.ts';
import { findBaseFolder } from '../../../src/experiment/baseFolder.ts';
import { readGgufBase } from '../../../src/experiment/ggufBase.ts';
import { encodeGgufHead } from '../../../src/nn/files/gguf.ts';
import { embeddedGguf, ggufStart } from '../../support/embeddedGguf.ts';
import { commit, downloadOptions, fails, type HubServer, sha256, startModelHub } from '../../support/hubServer.ts';
import { temporaryFolder } from '../../support/temporaryFolder.ts';

const repo = 'test/base-GGUF';
let model: Buffer;
/** It has no tensors: all are in the first file. */
const second = Buffer.concat(encodeGgufHead(new Map(), []).head);

before(async () => {
  const path = join(temporaryFolder(), 'base.gguf');
  await embeddedGguf(path);
  model = readFileSync(path);
});

const files = () =>
  new Map([
    ['README.md', Buffer.from('# model')],
    ['base-F16.gguf', model],
    ['mmproj-base-F16.gguf', model],
    ['BF16/base-BF16-00001-of-00002.gguf', model],
    ['BF16/base-BF16-00002-of-00002.gguf', second],
    ['base-Q8_0-00001-of-00002.gguf', model],
    ['base.gguf', model],
    ['bert-Q4_0.gguf', ggufStart({ 'general.architecture': 'bert' })],
    ['a-Q6_K.gguf', model],
    ['b-Q6_K.gguf', model],
  ]);

function request(hub: HubServer, cacheFolder: string) {
  return {
    repo,
    revision: 'main',
    ...downloadOptions(hub, cacheFolder),
  };
}

const get = (hub: HubServer, cacheFolder: string, wanted: string) =>
  downloadGguf({ ...request(hub, cacheFolder), wanted });

test('a model by how its file ends: in the cache, and then a base by that name', async () => {
  const hub = await startModelHub(files(), repo);
  const cache = temporaryFolder();
  const got = await get(hub, cache, 'f16');
  const folder = join(cache, 'models--test--base-GGUF');
  const path = join(folder, 'snapshots', commit, 'base-F16.gguf');
  assert.deepEqual(got, {
    commit,
    path,
    bytes: model.length,
    fetchedBytes: model.length,
    base: 'test/base-GGUF:F16',
  });
  assert.equal(readlinkSync(path), join('..', '..', 'blobs', sha256(model)));
  assert.equal(readFileSync(join(folder, 'refs', 'main'), 'utf8'), commit);
  assert.equal(findBaseFolder(got.base!, { from: '/', mediaFolder: '/', cacheFolder: cache }), path);
  assert.equal((await get(hub, cache, 'base-F16.gguf')).fetchedBytes, 0);
});

test('files that belong together come together, from a folder of their own', async () => {
  const hub = await startModelHub(files(), repo);
  const cache = temporaryFolder();
  const got = await get(hub, cache, 'BF16');
  assert.equal(got.bytes, model.length + second.length);
  assert.equal(got.base, 'test/base-GGUF:BF16');
  assert.deepEqual(readdirSync(join(got.path, '..')), [
    'base-BF16-00001-of-00002.gguf',
    'base-BF16-00002-of-00002.gguf',
  ]);
  assert.equal((await readGgufBase(got.path)).head.files.length, 2);
});

test('a file whose name says nothing has no name but its path', async () => {
  const got = await get(await startModelHub(files(), repo), temporaryFolder(), 'base.gguf');
  assert.equal(got.base, undefined);
  assert.ok(existsSync(got.path));
});

test('where none or several are meant, what there is is said', async () => {
  const hub = await startModelHub(files(), repo);
  const cache = temporaryFolder();
  await assert.rejects(
    get(hub, cache, 'Q2_K'),
    fails(
      'notFound',
      /'test\/base-GGUF' has no model in GGUF that is 'Q2_K' or ends with it/,
      /In GGUF it has BF16 \(.* MB\), a-Q6_K\.gguf \(.*\), b-Q6_K\.gguf .*, F16 .*, base\.gguf .*, Q4_0 \(.*\)\. Get one with: multi-lora get test\/base-GGUF:BF16/,
    ),
  );
  await assert.rejects(
    get(hub, cache, 'Q6_K'),
    fails('notFound', /has 2 models in GGUF that end with 'Q6_K'/, /multi-lora get test\/base-GGUF a-Q6_K\.gguf/),
  );
  // One of its two files is missing.
  await assert.rejects(get(hub, cache, 'Q8_0'), fails('notFound', /has no model in GGUF that is 'Q8_0'/));
  await assert.rejects(
    downloadModel(request(hub, cache)),
    fails('unsupported', /has no config\.json/, /In GGUF it has BF16 .*multi-lora get test\/base-GGUF:BF16/),
  );
  assert.deepEqual(hub.large, []);
});

test('an architecture that is not supported is refused before anything is kept', async () => {
  const hub = await startModelHub(files(), repo);
  const cache = temporaryFolder();
  await assert.rejects(
    get(hub, cache, 'Q4_0'),
    fails('unsupported', /'test\/base-GGUF': bert-Q4_0\.gguf: the architecture 'bert' is not supported/),
  );
  assert.deepEqual(readdirSync(cache), []);
});

test('bytes that are not those of the hash are not kept', async () => {
  const hub = await startModelHub(files(), repo);
  hub.alter = body => Buffer.from(body).fill(0, 200_000, 200_010);
  const cache = temporaryFolder();
  await assert.rejects(get(hub, cache, 'F16'), fails('network', /whose hash is/));
  assert.ok(!existsSync(join(cache, 'models--test--base-GGUF', 'snapshots')));
});
