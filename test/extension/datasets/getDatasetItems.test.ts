import assert from 'node:assert/strict';
import { test } from 'node:test';
import { datasetGroups, splitGroups, typedDataset } from '../../../src/extension/datasets/getDatasetItems.ts';

const groups = datasetGroups([{ name: 'openai/gsm8k:main', bytes: 2.31e6 }]);

test('what is here already', () => {
  assert.deepEqual(groups, [
    {
      title: 'In the Hugging Face cache',
      items: [
        {
          source: { kind: 'ready', name: 'openai/gsm8k:main' },
          label: '$(check) openai/gsm8k:main',
          description: 'downloaded · 2.3 MB',
        },
      ],
    },
  ]);
  assert.deepEqual(datasetGroups([]), []);
});

test('what is typed: a dataset of which a split is to be chosen, or a split; no other thing, and only once', () => {
  const typed = (text: string) => typedDataset(text, groups)?.source;
  assert.deepEqual(typed(' openai/gsm8k '), { kind: 'dataset', name: 'openai/gsm8k' });
  assert.deepEqual(typed('openai/gsm8k:main:test'), { kind: 'split', name: 'openai/gsm8k:main:test' });
  assert.equal(typed('openai/gsm8k:main'), undefined);
  assert.equal(typed('math/train.jsonl'), undefined);
  assert.equal(typed('gsm8k'), undefined);
});

test('splits stand under their configurations; one that is too large says so', () => {
  assert.deepEqual(
    splitGroups([
      { dataset: 'a/b', split: 'train', bytes: 3e8 },
      { dataset: 'a/b:fr', config: 'fr', split: 'train', bytes: 1e6 },
      { dataset: 'a/b:fr:test', config: 'fr', split: 'test', bytes: 1e5 },
    ]),
    [
      {
        title: '',
        items: [
          {
            source: { kind: 'split', name: 'a/b' },
            label: 'train',
            description: 'a/b · 300.0 MB',
            detail: 'More than the 200.0 MB that are read',
          },
        ],
      },
      {
        title: 'fr',
        items: [
          { source: { kind: 'split', name: 'a/b:fr' }, label: 'train', description: 'a/b:fr · 1.0 MB' },
          { source: { kind: 'split', name: 'a/b:fr:test' }, label: 'test', description: 'a/b:fr:test · 100.0 kB' },
        ],
      },
    ],
  );
});
