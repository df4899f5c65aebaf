import assert from 'node:assert/strict';
import test from 'node:test';
import { definedNames, followedNames, mayBeRenamed, type RenamedName } from '../../src/recipe/renamedNames.ts';

const recipe = (experts: Record<string, string>, more = '') =>
  definedNames(
    `{ // names\n"experts": {${Object.entries(experts).map(([name, train]) => `"${name}": { "data": { "train": "${train}" } },`)}}${more} }`,
  );
const renamed = (from: string, to: string, kind: RenamedName['kind'] = 'expert'): RenamedName => ({ kind, from, to });

test('what was renamed is followed: in one go, by several, and back', () => {
  const before = recipe({ math: 'm', code: 'c' });
  const after = recipe({ sums: 'm', code: 'c' });
  assert.deepEqual(followedNames(before, after, [renamed('math', 'sums')]), [renamed('math', 'sums')]);
  assert.deepEqual(followedNames(before, after, [renamed('math', 'x'), renamed('x', 'sums')]), [
    renamed('math', 'sums'),
  ]);
  // Undone after it was saved.
  assert.deepEqual(followedNames(after, before, [renamed('math', 'sums')]), [renamed('sums', 'math')]);
  // Asked for and not made, or nothing of the sort.
  assert.deepEqual(followedNames(before, before, [renamed('math', 'sums')]), []);
  assert.deepEqual(followedNames(before, after, []), []);
  assert.deepEqual(followedNames(before, after, [renamed('math', 'sums', 'set')]), []);
});

test('names that were exchanged are followed by way of another one', () => {
  const before = recipe({ math: 'm', code: 'c', qa: 'q' });
  const swapped = [renamed('code', 'math-aside'), renamed('math', 'code'), renamed('math-aside', 'math')];
  assert.deepEqual(followedNames(before, recipe({ math: 'c', code: 'm', qa: 'q' }), []), swapped);
  const round = followedNames(before, recipe({ math: 'q', code: 'm', qa: 'c' }), []);
  assert.deepEqual(
    round.map(({ from, to }) => `${from} ${to}`),
    ['qa math-aside', 'code qa', 'math code', 'math-aside math'],
  );
  // Two that learn from one file cannot be told apart, and one that takes another's file has not changed places.
  assert.deepEqual(followedNames(recipe({ a: 'm', b: 'm' }), recipe({ b: 'm', a: 'm' }), []), []);
  assert.deepEqual(followedNames(before, recipe({ math: 'c', code: 'x', qa: 'q' }), []), []);
});

test('each kind has its own names', () => {
  const more = (name: string) => `, "blends": { "math": {} }, "evaluation": { "sets": { "${name}": {} } }`;
  const asked = [renamed('math', 'sums', 'set'), renamed('math', 'sums', 'blend')];
  assert.deepEqual(followedNames(recipe({ math: 'm' }, more('math')), recipe({ math: 'm' }, more('sums')), asked), [
    renamed('math', 'sums', 'set'),
  ]);
});

test('an expert that is gone may be one that came: the same data first', () => {
  const before = recipe({ math: 'm', code: 'c' });
  assert.deepEqual(mayBeRenamed(before, recipe({ new: 'n', sums: 'm', code: 'c' })), [
    { from: 'math', candidates: ['sums', 'new'] },
  ]);
  assert.deepEqual(mayBeRenamed(before, recipe({ code: 'c' })), []);
  assert.deepEqual(mayBeRenamed(before, recipe({ math: 'm', code: 'c', more: 'x' })), []);
  assert.deepEqual(mayBeRenamed(before, definedNames('no recipe')), []);
});
