import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, readlinkSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { datasetSplits } from '../../../src/engine/hub/datasetSplits.ts';
import { type DatasetDownload, downloadDataset } from '../../../src/engine/hub/downloadDataset.ts';
import { partialPath } from '../../../src/engine/hub/fetchBlob.ts';
import { cachedDatasets, findData } from '../../../src/experiment/hubDatasets.ts';
import { parseDatasetName } from '../../../src/hub/datasetName.ts';
import {
  commit,
  convertedCommit,
  downloadOptions,
  fails,
  type HubServer,
  sha256,
  startDatasetHub,
} from '../../support/hubServer.ts';
import { temporaryFolder } from '../../support/temporaryFolder.ts';

const chat = readFileSync('test/golden/parquet/chat.none.parquet');
const squad = readFileSync('test/golden/parquet/squad.parquet');
const shards = new Map([
  ['README.md', Buffer.from('# data')],
  ['data/train-00000-of-00002.parquet', chat],
  ['data/train-00001-of-00002.parquet', chat],
  ['data/test-00000-of-00001.parquet', squad],
]);

function get(hub: HubServer, cacheFolder: string, name = 'test/data', options: Partial<DatasetDownload> = {}) {
  return downloadDataset({
    dataset: parseDatasetName(name)!,
    ...downloadOptions(hub, cacheFolder),
    ...options,
  });
}

test('a split in the layout of the Hugging Face cache, found there by its name, and nothing else', async () => {
  const hub = await startDatasetHub(shards);
  const cache = temporaryFolder();
  const folder = join(cache, 'datasets--test--data');
  const names = ['train-00000-of-00002.parquet', 'train-00001-of-00002.parquet'];
  const files = names.map(name => join(folder, 'snapshots', commit, 'data', name));
  assert.deepEqual(findData('/', 'test/data', cache), { files: [], dataset: parseDatasetName('test/data') });

  // Both have the same bytes, which come once.
  const got = await get(hub, cache);
  assert.deepEqual(got, { commit, files, bytes: 2 * chat.length, fetchedBytes: chat.length });
  for (const file of files) assert.equal(readlinkSync(file), join('..', '..', '..', 'blobs', sha256(chat)));
  assert.equal(readFileSync(join(folder, 'refs', 'main'), 'utf8'), commit);
  assert.deepEqual(findData('/', 'test/data', cache).files, files);
  assert.deepEqual(findData('/', 'test/data::test', cache).files, []);
  assert.equal((await get(hub, cache)).fetchedBytes, 0);
  await get(hub, cache, 'test/data::test');
  assert.equal(findData('/', 'test/data::test', cache).files.length, 1);
});

test('a file of that name comes before the hub', () => {
  const folder = temporaryFolder();
  mkdirSync(join(folder, 'test'));
  writeFileSync(join(folder, 'test', 'data'), '');
  assert.deepEqual(findData(folder, 'test/data', temporaryFolder()), { files: [join(folder, 'test', 'data')] });
});

test('what the hub made of it in Parquet, where the repository has no file of the split', async () => {
  const converted = new Map([
    ['default/train/0000.parquet', chat],
    ['default/test/0000.parquet', squad],
  ]);
  const hub = await startDatasetHub(new Map([['all.zip', Buffer.from('PK')]]), converted);
  const cache = temporaryFolder();
  const got = await get(hub, cache);
  assert.equal(got.commit, convertedCommit);
  const folder = join(cache, 'datasets--test--data');
  assert.deepEqual(got.files, [join(folder, 'snapshots', convertedCommit, 'default', 'train', '0000.parquet')]);
  assert.equal(readFileSync(join(folder, 'refs', 'refs', 'convert', 'parquet'), 'utf8'), convertedCommit);
  assert.deepEqual(findData('/', 'test/data', cache).files, got.files);
  assert.deepEqual(findData('/', 'test/data:default:train', cache).files, got.files);
});

test('a download that was cut off goes on where it ended', async () => {
  const hub = await startDatasetHub(shards);
  const cache = temporaryFolder();
  const partial = partialPath(join(cache, 'datasets--test--data', 'blobs', sha256(squad)));
  const arrived = () => statSync(partial, { throwIfNoEntry: false })?.size ?? 0;
  hub.cut = { after: 1000, times: 1, seen: () => arrived() >= 1000 };
  await assert.rejects(get(hub, cache, 'test/data::test', { retryWaits: [] }), fails('network', /./));
  const before = arrived();
  assert.ok(before >= 1000);
  assert.equal((await get(hub, cache, 'test/data::test')).fetchedBytes, squad.length - before);
  assert.equal(hub.large.at(-1)!.from, before);
});

test('bytes that are not those of the hash are not kept', async () => {
  const hub = await startDatasetHub(shards);
  hub.alter = body => Buffer.from(body).fill(0, 10, 20);
  const cache = temporaryFolder();
  await assert.rejects(get(hub, cache), fails('network', /./));
  assert.deepEqual(findData('/', 'test/data', cache).files, []);
});

test('what is not there is said with what there is', async () => {
  const configs = new Map([
    ['de/train-00000-of-00001.parquet', chat],
    ['en/train-00000-of-00001.parquet', chat],
  ]);
  const hub = await startDatasetHub(configs);
  const cache = temporaryFolder();
  await assert.rejects(
    get(hub, cache),
    fails('notFound', /several configurations with the split 'train'/, /There are: de, en\. Write test\/data:de:train/),
  );
  await assert.rejects(
    get(hub, cache, 'test/data:fr'),
    fails('notFound', /has no configuration 'fr' with the split 'train'/, /There are: de, en/),
  );
  await assert.rejects(get(hub, cache, 'test/data:de:dev'), fails('notFound', /no file of the split 'dev'/));
  await assert.rejects(get(hub, cache, 'test/none'), fails('notFound', /has no dataset 'test\/none'/));
  assert.equal((await get(hub, cache, 'test/data:de')).files.length, 1);
});

test('the splits of a dataset are listed, its own first, and what of them is in the cache', async () => {
  const converted = new Map([
    ['default/train/0000.parquet', chat],
    ['extra/train/0000.parquet', squad],
    ['extra/test/0000.parquet', chat],
  ]);
  const hub = await startDatasetHub(shards, converted);
  const splits = (name: string) =>
    datasetSplits({
      dataset: parseDatasetName(name)!,
      endpoint: hub.endpoint,
      signal: new AbortController().signal,
    });
  const of = (dataset: string, config: string | undefined, split: string, bytes: number) => ({
    dataset,
    config,
    split,
    bytes,
  });
  const all = [
    of('test/data', undefined, 'train', 2 * chat.length),
    of('test/data::test', undefined, 'test', squad.length),
    of('test/data:extra', 'extra', 'train', squad.length),
    of('test/data:extra:test', 'extra', 'test', chat.length),
  ];
  assert.deepEqual(await splits('test/data'), all);
  assert.deepEqual(hub.large, []);
  const ofCommit = `test/data@${commit}`;
  assert.deepEqual(
    (await splits(ofCommit)).map(s => s.dataset),
    [ofCommit, `test/data::test@${commit}`],
  );
  await assert.rejects(splits('test/none'), fails('notFound', /has no dataset 'test\/none'/));

  const cache = temporaryFolder();
  assert.deepEqual(await cachedDatasets(cache), []);
  for (const { dataset } of all) await get(hub, cache, dataset);
  const bySize = (list: { name: string; bytes: number }[]) => new Map(list.map(({ name, bytes }) => [name, bytes]));
  assert.deepEqual(
    bySize(await cachedDatasets(cache)),
    bySize(all.map(({ dataset: name, bytes }) => ({ name, bytes }))),
  );
});

test('a dataset without a split that can be read says so', async () => {
  const hub = await startDatasetHub(new Map([['README.md', Buffer.from('#')]]));
  const dataset = parseDatasetName('test/data')!;
  const request = { dataset, endpoint: hub.endpoint, signal: new AbortController().signal };
  await assert.rejects(datasetSplits(request), fails('notFound', /'test\/data' has no file of a split/, /test\/data/));
});
