import assert from 'node:assert/strict';
import { test } from 'node:test';
import { baseGroups, ggufItems, typedItem } from '../../../src/extension/bases/getBaseItems.ts';
import type { CachedModel, LocalModel } from '../../../src/protocol/engine/models.ts';

const cached = (repo: string, revisions: string[]): CachedModel => ({
  repo,
  revisions,
  commit: 'c0ffee',
  folder: '/cache',
  architecture: 'llama',
  parameters: 5e6,
  bytes: 10e6,
  memoryBytes: 134e6,
});
const smallest = 'HuggingFaceTB/SmolLM2-135M-Instruct';

const shown = (models: CachedModel[], memory: number, local: LocalModel[] = []) =>
  baseGroups(models, local, memory).map(({ items }) =>
    items.map(({ label, source }) => `${label}: ${'name' in source ? `${source.kind} ${source.name}` : source.kind}`),
  );

test('those that fit the memory, those of the cache, and the way without a network', () => {
  assert.deepEqual(shown([cached(smallest, ['main']), cached('a/b', ['v1'])], 1.1e9), [
    ['$(package) embedded: ready embedded', `$(check) ${smallest}: ready ${smallest}`],
    ['$(check) a/b@v1: ready a/b@v1'],
    ['$(folder-opened) Open a folder…: folder', '$(file) Open a GGUF file…: file'],
  ]);
});

test('models of other programs come first; those that cannot be used come last, with why', () => {
  const ollama = { name: 'a:1b', owner: 'Ollama', base: 'ollama:a:1b', path: '/blobs/a', bytes: 1.3e9 } as const;
  const reason = "the architecture 'bert' is not supported";
  const studio = {
    name: 'p/r/e.gguf',
    owner: 'LM Studio',
    base: '/m/e.gguf',
    path: '/m/e.gguf',
    bytes: 5e6,
    reason,
  } as const;
  const groups = baseGroups([], [studio, ollama], 1.1e9);
  assert.deepEqual(groups[0], {
    title: 'On this machine, of other programs',
    items: [
      {
        source: { kind: 'local', name: 'ollama:a:1b' },
        label: '$(check) a:1b',
        description: 'Ollama · 1.3 GB',
        detail: undefined,
      },
    ],
  });
  assert.deepEqual(groups.at(-1)!.items, [
    {
      source: { kind: 'local', name: '/m/e.gguf' },
      label: '$(warning) p/r/e.gguf',
      description: 'LM Studio · 5.0 MB',
      detail: reason,
    },
  ]);
  assert.equal(groups.length, 4);
});

test('a model that is not here says what it costs', () => {
  const [group] = baseGroups([], [], 16e9);
  const [, item] = group!.items;
  assert.equal(group!.title, 'Small models for 16.0 GB of memory');
  assert.equal(group!.items.length, 6);
  assert.deepEqual(item, {
    source: { kind: 'download', name: smallest },
    label: `$(cloud-download) ${smallest}`,
    description: '269.1 MB to download',
    detail: '134.52 M parameters · answers within 1.0 GB of memory · Apache-2.0',
  });
});

test('another revision of a known model is not the known one', () => {
  const [known, cache] = baseGroups([cached(smallest, ['v2'])], [], 1.1e9);
  assert.deepEqual(known!.items[1]!.source, { kind: 'download', name: smallest });
  assert.deepEqual(cache!.items[0]!.source, { kind: 'ready', name: `${smallest}@v2` });
});

test('what is typed is offered when it can be a model, and only once', () => {
  const groups = baseGroups([], [], 16e9);
  const typed = (text: string) => typedItem(text, groups)?.source;
  assert.deepEqual(typed(' owner/name '), { kind: 'repository', name: 'owner/name' });
  assert.deepEqual(typed('owner/name@v1'), { kind: 'repository', name: 'owner/name@v1' });
  assert.deepEqual(typed('owner/name:Q4_K_M'), { kind: 'download', name: 'owner/name:Q4_K_M' });
  assert.equal(typed(smallest), undefined);
  for (const text of ['', 'smol', 'owner/', '../x', 'a/b/c']) assert.equal(typed(text), undefined, text);
});

test('the models in GGUF of a repository, by what tells them apart', () => {
  const [q4, other] = [
    { file: 'x-Q4_K_M.gguf', base: 'a/b:Q4_K_M', bytes: 4e8 },
    { file: 'x.gguf', bytes: 9e8 },
  ];
  assert.deepEqual(ggufItems([q4!, other!]), [
    { source: q4, label: 'Q4_K_M', description: '400.0 MB · x-Q4_K_M.gguf' },
    { source: other, label: 'x.gguf', description: '900.0 MB · x.gguf' },
  ]);
});
