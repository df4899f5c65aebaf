import assert from 'node:assert/strict';
import { test } from 'node:test';
import { testEngine } from '../../support/programs.ts';

const target = { kind: 'base' } as const;

test('texts are weighed as the scores of their tokens say, whatever they share', async t => {
  const engine = testEngine(t);
  const before = 'function double(n) { return';
  const texts = [' n * 2; }', ' n * 22; } n', ' "n'];
  const { items } = await engine.request('weigh', { target, items: [{ before, texts }] });
  const scored = await engine.request('score', {
    model: 'embedded',
    adapters: [],
    items: texts.map(text => ({ text: before + text })),
  });
  for (const i of [1, 2]) {
    const expected = scored.items[i]!.total - scored.items[0]!.total;
    const got = items[0]![i]! - items[0]![0]!;
    assert.ok(Math.abs(got - expected) < 1e-2, `${got} and ${expected}`);
  }
});

test('one text, and no item, are no reason to fail', async t => {
  const engine = testEngine(t);
  const { items } = await engine.request('weigh', { target, items: [{ before: 'a', texts: ['b'] }] });
  assert.deepEqual(
    items.map(each => each.length),
    [1],
  );
  assert.deepEqual(await engine.request('weigh', { target, items: [] }), { items: [] });
  await assert.rejects(engine.request('weigh', { target: { kind: 'auto' }, items: [] }), /not by the router/);
});
