import assert from 'node:assert/strict';
import { test } from 'node:test';
import { datasetNameText, parseDatasetName } from '../../src/hub/datasetName.ts';
import { splitFiles, splitsAmong } from '../../src/hub/splitFiles.ts';

test('names of datasets, with configuration, split and revision', () => {
  for (const [text, expected] of [
    ['openai/gsm8k', { repo: 'openai/gsm8k', revision: 'main', split: 'train' }],
    ['openai/gsm8k:main', { repo: 'openai/gsm8k', revision: 'main', config: 'main', split: 'train' }],
    ['openai/gsm8k:main:test', { repo: 'openai/gsm8k', revision: 'main', config: 'main', split: 'test' }],
    ['rajpurkar/squad::validation', { repo: 'rajpurkar/squad', revision: 'main', split: 'validation' }],
    ['openai/gsm8k:main:test@v1', { repo: 'openai/gsm8k', revision: 'v1', config: 'main', split: 'test' }],
    ['math/train.jsonl', undefined],
    ['data/train.parquet', undefined],
    ['data/train.csv.gz', undefined],
    ['train', undefined],
    ['a/b/c', undefined],
    ['../b', undefined],
    ['a/b:..:train', undefined],
    ['a/b:c:d/e', undefined],
    ['a/b:c:d:e', undefined],
    ['C:/data/train', undefined],
  ] as const)
    assert.deepEqual(parseDatasetName(text), expected, text);
});

test('the files of a split, where repositories have them', () => {
  const shards = ['data/train-00001-of-00002.parquet', 'data/train-00000-of-00002.parquet'];
  for (const [paths, config, split, expected] of [
    [[...shards, 'data/test-00000-of-00001.parquet', 'README.md'], undefined, 'train', { files: shards.toSorted() }],
    [shards, 'default', 'train', { files: shards.toSorted() }],
    [
      ['main/train-00000-of-00001.parquet', 'socratic/train-00000-of-00001.parquet'],
      'socratic',
      'train',
      { files: ['socratic/train-00000-of-00001.parquet'] },
    ],
    [
      ['main/train-00000-of-00001.parquet', 'socratic/train-00000-of-00001.parquet'],
      undefined,
      'train',
      { files: ['main/train-00000-of-00001.parquet'] },
    ],
    [
      ['de/train-00000-of-00001.parquet', 'en/train-00000-of-00001.parquet'],
      undefined,
      'train',
      { configs: ['de', 'en'] },
    ],
    [['de/train-00000-of-00001.parquet', 'en/train-00000-of-00001.parquet'], 'fr', 'train', { configs: ['de', 'en'] }],
    [
      ['plain_text/train/0000.parquet', 'plain_text/train/0001.parquet'],
      undefined,
      'train',
      { files: ['plain_text/train/0000.parquet', 'plain_text/train/0001.parquet'] },
    ],
    [['train.jsonl', 'test.jsonl'], undefined, 'test', { files: ['test.jsonl'] }],
    [['data/train.csv.gz'], undefined, 'train', { files: ['data/train.csv.gz'] }],
    [['train.py', 'data/train.arrow'], undefined, 'train', { configs: [] }],
  ] as const)
    assert.deepEqual(splitFiles(paths, { ...(config && { config }), split }), expected, `${paths} ${config}`);
});

test('the splits of a repository, by names with which their files are found', () => {
  const shown = (paths: string[]) => {
    const splits = splitsAmong(paths);
    for (const { files, ...name } of splits) assert.deepEqual(splitFiles(paths, name), { files });
    return splits.map(({ files, ...name }) => {
      const text = datasetNameText({ repo: 'a/b', revision: 'main', ...name });
      assert.deepEqual(parseDatasetName(text), { repo: 'a/b', revision: 'main', ...name });
      return `${text} ${files.length}`;
    });
  };
  assert.deepEqual(
    shown(['README.md', 'data/train-00000-of-00002.parquet', 'data/train-00001-of-00002.parquet', 'data/test.jsonl']),
    ['a/b 2', 'a/b::test 1'],
  );
  assert.deepEqual(
    shown([
      'main/test-00000-of-00001.parquet',
      'main/train-00000-of-00001.parquet',
      'socratic/train-00000-of-00001.parquet',
    ]),
    ['a/b:main:test 1', 'a/b:main 1', 'a/b:socratic 1'],
  );
  assert.deepEqual(shown(['default/train/0000.parquet', 'default/train/0001.parquet']), ['a/b 2']);
  assert.deepEqual(shown(['default/train.json', 'de/train.json']), ['a/b 1', 'a/b:de 1']);
  // A split in a folder hides one of its name at the root.
  assert.deepEqual(shown(['alpaca_v1.5.json', 'dev.json.gz', 'x/dev.json']), ['a/b::alpaca_v1.5 1', 'a/b:x:dev 1']);
  assert.deepEqual(shown(['dataset_infos.json', 'train.py', 'a=b/train.csv']), []);
  assert.equal(shown(Array.from({ length: 10_000 }, (_, i) => `f${i}.json`)).length, 200);
});
