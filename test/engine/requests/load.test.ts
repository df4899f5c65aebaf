import assert from 'node:assert/strict';
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { before, test } from 'node:test';
import type { Loaded } from '../../../src/protocol/engine/experts.ts';
import type { Target } from '../../../src/protocol/target.ts';
import { adapterFolder } from '../../support/adapterFolder.ts';
import { testEngine } from '../../support/programs.ts';
import { temporaryFolder } from '../../support/temporaryFolder.ts';
import { tinyExperiment } from '../../support/tinyExperiment.ts';

const engine = testEngine();
const told: Loaded[] = [];
engine.onLoaded(loaded => told.push(loaded));
const recipe = tinyExperiment();
const names = ({ adapters }: Loaded) => adapters.map(a => a.name);

before(async () => {
  await engine.request('train', { recipe, resume: false });
});

test('an expert is loaded by the first request that needs it, and no other', async () => {
  assert.deepEqual(await engine.request('loaded', {}), { adapters: [], bytes: 0 });
  const ask = (target: Target) => engine.request('ask', { recipe, prompt: 'What is 2 + 3?', target });
  await ask({ kind: 'base' });
  const alone = await engine.request('loaded', {});
  assert.deepEqual([alone.base?.device, names(alone), alone.bytes], ['cpu', [], 0]);
  await ask({ kind: 'expert', name: 'code' });
  assert.deepEqual(names(await engine.request('loaded', {})), ['code']);
  assert.deepEqual(told.map(names), [[], ['code']], 'and whoever listens is told');
});

test('load and unload take effect on the memory of the bank; an answer is the same whatever was loaded before', async () => {
  const target = { kind: 'expert', name: 'math' } as const;
  const answer = async () => (await engine.request('ask', { recipe, prompt: 'What is 2 + 3?', target })).text;
  const expected = await answer();
  const both = await engine.request('load', { recipe, experts: ['code', 'math'] });
  assert.deepEqual(names(both), ['code', 'math']);
  const one = await engine.request('unload', { recipe, experts: ['math'] });
  assert.deepEqual(names(one), ['code']);
  assert.equal(one.bytes, both.bytes / 2, 'experts of one rank');
  const none = await engine.request('unload', { recipe, experts: ['math', 'code'] });
  assert.deepEqual([names(none), none.bytes], [[], 0]);
  assert.equal(basename(none.base!.folder), 'base');
  assert.equal(await answer(), expected);
  assert.deepEqual(names(await engine.request('loaded', {})), ['math']);
  assert.deepEqual(names(told.at(-1)!), ['math']);
});

test('a blend loads its experts; an expert that is gone, or of another recipe, does not stay', async () => {
  await engine.request('ask', { recipe, prompt: 'Hi', target: { kind: 'blend', name: 'half' } });
  assert.deepEqual(names(await engine.request('loaded', {})), ['math', 'code']);
  rmSync(join(dirname(recipe), 'runs', 'tiny', 'adapters', 'code'), { recursive: true });
  await assert.rejects(engine.request('load', { recipe, experts: ['code'] }), /expert 'code' has no adapter yet/);
  assert.deepEqual(names(await engine.request('loaded', {})), ['math']);
  const other = tinyExperiment();
  await engine.request('ask', { recipe: other, prompt: 'Hi', target: { kind: 'base' } });
  assert.deepEqual(names(await engine.request('loaded', {})), []);
});

test('an engine that has nothing loaded compiles nothing to unload', async t => {
  const idle = testEngine(t);
  assert.equal((await idle.request('unload', { recipe, experts: ['math'] })).base, undefined);
});

test('what is edited in an adapter_config.json alone is seen by the next answer', async () => {
  const folder = temporaryFolder();
  const own = adapterFolder(
    { 'model.layers.0.self_attn.o_proj': [256, 256] },
    { folder: join(folder, 'a'), size: 0.3 },
  );
  const edited = join(folder, 'edited.lora.json');
  writeFileSync(edited, JSON.stringify({ experts: { a: { adapter: 'a' } }, generation: { maxTokens: 12 } }));
  const target = { kind: 'expert', name: 'a' } as const;
  const prompt = 'Tell me of apples.';
  const answer = async (from = engine) => (await from.request('ask', { recipe: edited, prompt, target })).text;
  const before = await answer();
  const config = join(own, 'adapter_config.json');
  const text = readFileSync(config, 'utf8');
  writeFileSync(config, text.replace('"lora_alpha":8', '"lora_alpha":-80'));
  const after = await answer();
  assert.notEqual(after, before);
  const idle = testEngine();
  assert.equal(await answer(idle), after);
  renameSync(join(own, 'adapter_model.safetensors'), join(own, 'adapter_model.bin'));
  await assert.rejects(answer(), /adapter_model\.bin: is no archive of PyTorch's 1\.6 or later/);
  rmSync(own, { recursive: true });
  await assert.rejects(answer(), /names an adapter that is not there: .*a holds no adapter_config\.json/);
});
