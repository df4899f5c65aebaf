import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { checkOutputFile, checkOutputFolder, resultMark } from '../../src/experiment/checkOutput.ts';
import { encodeSafetensors } from '../../src/nn/files/safetensors.ts';
import { adapterToGguf } from '../../src/nn/lora/adapterToGguf.ts';
import type { WorkbenchError } from '../../src/protocol/errors.ts';
import { temporaryFolder } from '../support/temporaryFolder.ts';

/** A folder of files that hold their own names; weights are a file without tensors. */
function folderOf(...names: string[]): string {
  return markedFolderOf(resultMark, ...names);
}

function markedFolderOf(mark: Record<string, string>, ...names: string[]): string {
  const folder = join(temporaryFolder(), 'given');
  mkdirSync(folder);
  for (const name of names)
    writeFileSync(
      join(folder, name),
      name.endsWith('.safetensors') ? Buffer.concat(encodeSafetensors([], { format: 'pt', ...mark })) : name,
    );
  return folder;
}

const adapterFiles = ['adapter_config.json', 'adapter_model.safetensors'];
const modelFiles = [
  'config.json',
  'model-00001-of-00002.safetensors',
  'model.safetensors.index.json',
  'tokenizer.json',
];
const base = { folder: folderOf('config.json', 'model.safetensors') };

const refused = (text: string) => (e: WorkbenchError) => e.code === 'badRequest' && e.message.includes(text);

test('a folder that is not there, is empty, or holds a result of the same kind may be written', async () => {
  const check = (out: string, kind: 'adapter' | 'model', sources: string[]) =>
    assert.doesNotReject(checkOutputFolder(out, kind, base, sources));
  await check(join(base.folder, 'new'), 'adapter', []);
  await check(folderOf(), 'model', []);
  await check(folderOf(...adapterFiles), 'adapter', [folderOf(...adapterFiles), '/not/there']);
  await check(folderOf(...modelFiles), 'model', []);
});

test('what replacing a folder would lose is refused and stays', async () => {
  const check = async (out: string, kind: 'adapter' | 'model', sources: string[], text: string) =>
    assert.rejects(checkOutputFolder(out, kind, base, sources), refused(text));
  await check(folderOf('thesis.txt', ...adapterFiles), 'adapter', [], 'holds other files (thesis.txt)');
  await check(folderOf(...modelFiles), 'adapter', [], 'holds other files (config.json, ');
  await check(folderOf(...adapterFiles), 'model', [], 'holds other files (adapter_config.json, ');
  await check(base.folder, 'model', [], "is the base's own folder");
  // Without weights nothing says that an export wrote it.
  await check(folderOf('config.json', 'tokenizer.json'), 'model', [], 'that no merge or export wrote');
  await check(folderOf('adapter_config.json'), 'adapter', [], 'that no merge or export wrote');
  const withFolder = folderOf('adapter_model.safetensors');
  mkdirSync(join(withFolder, 'adapter_config.json'));
  await check(withFolder, 'adapter', [], 'holds other files (adapter_config.json)');
  const file = join(folderOf('notes'), 'notes');
  await check(file, 'adapter', [], 'is a file');
  assert.equal(readFileSync(file, 'utf8'), 'notes');
});

test('an adapter or a model that no merge or export wrote is never replaced', async () => {
  for (const [kind, files] of [
    ['adapter', adapterFiles],
    ['model', modelFiles],
  ] as const)
    await assert.rejects(
      checkOutputFolder(markedFolderOf({}, ...files), kind, base, []),
      refused(`${kind === 'adapter' ? 'an adapter' : 'a model'} that no merge or export wrote`),
    );
  const broken = folderOf(...adapterFiles);
  writeFileSync(join(broken, 'adapter_model.safetensors'), 'cut');
  await assert.rejects(checkOutputFolder(broken, 'adapter', base, []), refused('no merge or export wrote'));
});

test('an adapter that goes into a result is not replaced by it, by whatever path it is named', async () => {
  const adapter = folderOf(...adapterFiles);
  const link = join(temporaryFolder(), 'link');
  symlinkSync(adapter, link);
  const text = 'is the folder of an adapter that goes into the result';
  await assert.rejects(checkOutputFolder(adapter, 'adapter', base, [adapter]), refused(text));
  await assert.rejects(checkOutputFolder(link, 'adapter', base, [adapter]), refused(text));
});

test('a link is neither written through nor replaced', async () => {
  const isLink = (e: WorkbenchError) => e.code === 'storage' && e.message.includes('link is a link');
  for (const target of [folderOf(...adapterFiles), folderOf(), join(folderOf(), 'nowhere')]) {
    const link = join(temporaryFolder(), 'link');
    symlinkSync(target, link);
    await assert.rejects(checkOutputFolder(link, 'adapter', base, []), isLink);
    await assert.rejects(checkOutputFile(link, 'gguf'), isLink);
  }
});

test('a file is overwritten when the same command wrote it, or when it is empty', async () => {
  const adapter = {
    name: 'a',
    config: { rank: 1, alpha: 1, rslora: false, targetModules: ['q_proj'], dropout: 0 },
    modules: new Map(),
  } as unknown as Parameters<typeof adapterToGguf>[0];
  const gguf = Buffer.concat(adapterToGguf(adapter, { architecture: 'llama', heads: 1, kvHeads: 1 }));
  const logits = Buffer.concat(encodeSafetensors([], { format: 'pt', ...resultMark }));
  const foreign = Buffer.from(gguf.toString('latin1').replace('multi_lora', 'other_lora'), 'latin1');
  const at = (bytes: Uint8Array | string) => {
    const path = join(temporaryFolder(), 'file');
    writeFileSync(path, bytes);
    return path;
  };
  await checkOutputFile(join(temporaryFolder(), 'new'), 'gguf');
  await checkOutputFile(at(''), 'gguf');
  await checkOutputFile(at(gguf), 'gguf');
  await checkOutputFile(at(logits), 'safetensors');
  const others: [string | Uint8Array, 'gguf' | 'safetensors'][] = [
    [gguf, 'safetensors'],
    [logits, 'gguf'],
    [foreign, 'gguf'],
    ['{"experts": {}, "note": "multi_lora.result"}', 'gguf'],
    [Buffer.concat(encodeSafetensors([], { format: 'pt' })), 'safetensors'],
    ['GGUF', 'gguf'],
  ];
  for (const [bytes, kind] of others)
    await assert.rejects(checkOutputFile(at(bytes), kind), refused('is there, and not what this command writes'));
  await assert.rejects(checkOutputFile(temporaryFolder(), 'gguf'), { code: 'storage' });
});
