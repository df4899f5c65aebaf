import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { handle } from '../../../src/engine/requests/listModels.ts';
import { cachedModelFolder, cachedModels } from '../../../src/experiment/hubCache.ts';
import { ggufStart } from '../../support/embeddedGguf.ts';
import { ownHome } from '../../support/ownHome.ts';
import { temporaryFolder } from '../../support/temporaryFolder.ts';

const base = fileURLToPath(new URL('../../../media/base', import.meta.url));
const commit = 'a'.repeat(40);

/** A model of the cache with the embedded base's files; returns the folders of its snapshot and its names. */
function addModel(cache: string, name: string): { snapshot: string; refs: string } {
  const model = join(cache, `models--test--${name}`);
  const [snapshot, refs] = [join(model, 'snapshots', commit), join(model, 'refs')];
  cpSync(base, snapshot, { recursive: true });
  mkdirSync(refs);
  writeFileSync(join(refs, 'main'), `${commit}\n`);
  return { snapshot, refs };
}

const home = ownHome();

const list = async (cacheFolder: string) => {
  process.env.HF_HUB_CACHE = cacheFolder;
  return handle(undefined as never, {}, undefined as never);
};

test('whatever one model of the cache holds, the others are listed, and it with what is wrong', async () => {
  const cache = temporaryFolder();
  addModel(cache, 'good');
  const config = (name: string, text: string) =>
    writeFileSync(join(addModel(cache, name).snapshot, 'config.json'), text);
  const own = JSON.parse(readFileSync(join(base, 'config.json'), 'utf8'));
  config('null', 'null');
  config('text', '\x1b]0;title\x07\nsecond line');
  config('other', JSON.stringify({ ...own, architectures: ['\x1b[31mOther\u202e'] }));
  config('odd', JSON.stringify({ ...own, num_hidden_layers: {}, rope_theta: [] }));
  config('deep', '['.repeat(100_000));
  const inFolder = addModel(cache, 'folder').snapshot;
  rmSync(join(inFolder, 'config.json'));
  mkdirSync(join(inFolder, 'config.json'));
  const noWeights = addModel(cache, 'weights').snapshot;
  rmSync(join(noWeights, 'model.safetensors'));
  symlinkSync('../../blobs/gone', join(noWeights, 'model.safetensors'));
  writeFileSync(join(cache, 'models--test--file'), 'no folder');
  mkdirSync(join(cache, 'models--test--names', 'snapshots', '\x1b[2J'), { recursive: true });

  const { models, unusable } = await list(cache);
  assert.deepEqual(
    models.map(m => [m.repo, m.revisions]),
    [['test/good', ['main']]],
  );
  assert.deepEqual(
    unusable.map(m => m.repo),
    ['deep', 'folder', 'null', 'odd', 'other', 'text', 'weights'].map(name => `test/${name}`),
  );
  for (const { repo, reason } of unusable) {
    assert.match(reason, /\w/, repo);
    assert.doesNotMatch(reason, /[\p{Cc}\u202e]/u, repo);
    assert.ok(reason.length <= 301 && !reason.includes(cache), reason);
  }
  assert.match(unusable.find(m => m.repo === 'test/other')!.reason, /\\x1b\[31mOther/);
  assert.match(unusable.find(m => m.repo === 'test/text')!.reason, /^config\.json: not JSON/);
});

test('a link that leads nowhere beside what a base needs is no matter', async () => {
  const cache = temporaryFolder();
  symlinkSync('../../blobs/gone', join(addModel(cache, 'good').snapshot, 'notes.md'));
  assert.equal((await list(cache)).models.length, 1);
});

test('a name of a commit that is a pipe, huge or nonsense is none, and is not waited for', {
  timeout: 20_000,
}, async t => {
  if (process.platform === 'win32') return t.skip('there are no pipes with names');
  const cache = temporaryFolder();
  const { refs } = addModel(cache, 'good');
  execFileSync('mkfifo', [join(refs, 'pipe')]);
  writeFileSync(join(refs, 'huge'), 'a'.repeat(1_000_000));
  writeFileSync(join(refs, 'odd'), '../../../../etc');
  assert.deepEqual((await list(cache)).models[0]!.revisions, ['main']);
  for (const revision of ['pipe', 'huge', 'odd'])
    assert.equal(cachedModelFolder({ repo: 'test/good', revision }, cache), undefined, revision);
  assert.deepEqual(await cachedModels(cache), ['test/good']);
});

test('models of other programs are listed; those that cannot run here with the reason, from the first bytes alone', async () => {
  const models = join(home, '.lmstudio', 'models', 'p', 'r');
  mkdirSync(models, { recursive: true });
  const write = (name: string, bytes: Uint8Array) => writeFileSync(join(models, `${name}.gguf`), bytes);
  write('1-llama', ggufStart({ 'general.architecture': 'llama', 'llama.block_count': 6 }));
  // Its vocabulary goes on behind what is read.
  const tokens = Array.from({ length: 50_000 }, (_, i) => `token ${i}`);
  const large = ggufStart({ 'general.architecture': 'qwen2', 'tokenizer.ggml.tokens': tokens });
  write('2-cut', large.subarray(0, 100_000));
  write('2-late', ggufStart({ 'tokenizer.ggml.tokens': tokens, 'general.architecture': 'bert' }));
  write('3-bert', ggufStart({ 'general.architecture': 'bert' }));
  write('4-moe', ggufStart({ 'general.architecture': 'llama', 'llama.expert_count': 8 }));
  write('5-adapter', ggufStart({ 'general.architecture': 'llama', 'general.type': 'adapter' }));
  write('6-nameless', ggufStart({ 'general.name': 'x' }));
  write('7-text', Buffer.from('<html>'));
  write('8-empty', Buffer.from(''));
  const { local } = await list(temporaryFolder());
  assert.deepEqual(
    local.map(({ name, reason }) => [name.slice(6, -5), reason]),
    [
      ['llama', undefined],
      ['cut', undefined],
      ['late', undefined],
      ['bert', "the architecture 'bert' is not supported"],
      ['moe', 'a mixture of experts is not supported'],
      ['adapter', "it holds no model, but what belongs to one ('adapter')"],
      ['nameless', "'general.architecture' should be a text, got nothing"],
      ['text', 'it is no GGUF file'],
      ['empty', "'general.architecture' should be a text, got nothing"],
    ],
  );
});
