import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { before, test } from 'node:test';
import type { Loaded } from '../../../src/protocol/engine/experts.ts';
import type { Target } from '../../../src/protocol/target.ts';
import { testEngine } from '../../support/programs.ts';
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
