import assert from 'node:assert/strict';
import { readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import test from 'node:test';
import type { EngineProgress } from '../../../src/protocol/engine/engineApi.ts';
import type { RouteResult } from '../../../src/protocol/route.ts';
import { testEngine } from '../../support/programs.ts';
import { tinyExperiment } from '../../support/tinyExperiment.ts';

const engine = testEngine();
const recipe = tinyExperiment();

test('a recipe is described without its weights: what is trained, and what needs training first', async () => {
  const before = await engine.request('describe', { recipe });
  assert.deepEqual(
    before.experts.map(e => [e.name, e.domain, e.isTrained]),
    [
      ['math', 'math', false],
      ['code', 'code', false],
    ],
  );
  assert.deepEqual(before.blends, [{ name: 'half', weights: { math: 0.5, code: 0.5 }, isTrained: false }]);
  assert.deepEqual(before.merges, [
    { name: 'both', isMade: false, folder: join(dirname(recipe), 'runs/tiny/merges/both') },
  ]);
  assert.deepEqual([before.maxTokens, before.base.contextLength, before.base.architecture], [12, 256, 'llama']);
  assert.equal(before.base.callsTools, false);

  await engine.request('train', { recipe, resume: false });
  const after = await engine.request('describe', { recipe });
  assert.deepEqual(
    after.experts.map(e => e.isTrained),
    [true, true],
  );
  assert.equal(after.blends[0]!.isTrained, true);
  assert.deepEqual(
    before.experts.map(e => e.adapter),
    [undefined, undefined],
  );
  const { folder, bytes, baseHash, ...adapter } = after.experts[0]!.adapter!;
  assert.deepEqual(adapter, { rank: 2, isOwn: true, steps: 4 });
  assert.equal(folder, join(dirname(recipe), 'runs', 'tiny', 'adapters', 'math'));
  const sizes = readdirSync(folder).map(name => statSync(join(folder, name)).size);
  assert.equal(
    bytes,
    sizes.reduce((a, b) => a + b),
  );
  assert.match(baseHash!, /^[0-9a-f]{64}$/);
  assert.equal(after.report, join(dirname(recipe), 'runs', 'tiny', 'report.json'));
  assert.equal(after.base.name, 'embedded');
  assert.ok(after.base.parameters > 4e6 && after.base.bytes > 2 * after.base.parameters);
});

test('the route is told before the first text; earlier turns are part of the prompt', async () => {
  const told: string[] = [];
  let route: RouteResult | undefined;
  const onProgress = (now: EngineProgress<'ask'>) => {
    told.push(now.kind);
    if (now.kind === 'route') ({ route } = now);
  };
  const target = { kind: 'auto' } as const;
  const prompt = 'What is 2 + 3?';
  const alone = await engine.request('ask', { recipe, target, prompt }, { onProgress });
  assert.equal(told[0], 'route');
  assert.deepEqual(route, alone.route);
  const history = [
    { role: 'user' as const, content: 'What is 1 + 1?' },
    { role: 'assistant' as const, content: '2' },
  ];
  const later = await engine.request('ask', { recipe, target, prompt, history });
  const { conversation } = await engine.request('countTokens', {
    recipe,
    conversation: [...history, { role: 'user', content: prompt }],
  });
  assert.equal(later.promptTokens, conversation);
  assert.ok(later.promptTokens > alone.promptTokens);
});

test('tokens are those of the base: pieces of a text, and a conversation with its template', async () => {
  const { texts, conversation } = await engine.request('countTokens', {
    texts: ['', 'Hello', 'Hello Hello'],
    conversation: [{ role: 'user', content: 'Hello' }],
  });
  assert.equal(texts[0], 0);
  assert.ok(texts[1]! >= 1 && texts[2]! > texts[1]! && conversation > texts[1]!, `${texts} ${conversation}`);
});

test('a base that is named and not there is refused by its folder', async () => {
  const base = join('/nowhere', 'base');
  await assert.rejects(engine.request('describe', { base }), /\/nowhere\/base/);
  await assert.rejects(engine.request('ask', { base, target: { kind: 'base' }, prompt: 'Hi' }), /\/nowhere\/base/);
});
