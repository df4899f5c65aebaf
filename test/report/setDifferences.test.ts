import assert from 'node:assert/strict';
import test from 'node:test';
import type { ScorerName } from '../../src/protocol/scorer.ts';
import { setDifferences } from '../../src/report/setDifferences.ts';

const sets = (all: Record<string, [examples: number, scorer?: ScorerName]>) => ({
  sets: Object.entries(all).map(([name, [examples, scorer = 'exact']]) => ({ name, examples, scorer })),
});

test('reports over other sets say in which they differ', () => {
  const first = sets({ math: [100], code: [50, 'code'] });
  assert.deepEqual(setDifferences(first, sets({ code: [50, 'code'], math: [100] })), []);
  assert.deepEqual(setDifferences(first, sets({ math: [20], qa: [5], more: [5] })), [
    'It has no code.',
    'It has qa and more besides.',
    'math has 20 examples instead of 100.',
  ]);
  assert.match(
    setDifferences(first, sets({ math: [100, 'final'], code: [50, 'code'] })).join(),
    /^math has .* instead of .*\.$/,
  );
});

test('as many examples that are others are told, where both reports know', () => {
  const of = (digest?: string) => ({ sets: [{ name: 'math', examples: 3, scorer: 'exact' as const, digest }] });
  assert.deepEqual(setDifferences(of('a'), of('b')), ['math has other examples, as many.']);
  assert.deepEqual(setDifferences(of('a'), of('a')), []);
  assert.deepEqual(setDifferences(of(undefined), of('b')), []);
});
