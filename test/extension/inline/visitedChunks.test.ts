import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createVisitedChunks, similarity } from '../../../src/extension/inline/visitedChunks.ts';

const lines = (...names: string[]) => names.flatMap(name => [`const ${name} = 1;`, `use(${name});`, `end(${name});`]);

test("similarity is Jaccard's", () => {
  assert.equal(similarity(new Set(['a', 'b', 'c']), new Set(['b', 'c', 'd'])), 0.5);
  assert.equal(similarity(new Set(), new Set()), 0);
});

test('of other files come the pieces that share lines with what is written, the most alike last', () => {
  const visited = createVisitedChunks();
  visited.add('far.ts', lines('x', 'y'), 2);
  visited.add('near.ts', lines('a', 'b'), 2);
  visited.add('half.ts', lines('a', 'z', 'w'), 2);
  visited.add('own.ts', lines('a', 'b'), 2);
  const found = visited.relevantTo('own.ts', lines('a', 'b'), 10_000);
  // The same piece of another file was taken for one that was edited.
  assert.deepEqual(
    found.map(chunk => chunk.path),
    ['half.ts'],
  );
  visited.add('near.ts', lines('a', 'b', 'c'), 2);
  assert.deepEqual(
    visited.relevantTo('own.ts', lines('a', 'b'), 10_000).map(chunk => chunk.path),
    ['half.ts', 'near.ts'],
  );
  assert.deepEqual(visited.relevantTo('own.ts', lines('a', 'b'), 60), []);
});

test('a piece is what stands around the cursor; sixteen are kept', () => {
  const visited = createVisitedChunks();
  const long = Array.from({ length: 100 }, (_, i) => `line${i}`);
  visited.add('long.ts', long, 50);
  assert.equal(visited.relevantTo('a.ts', long, 10_000)[0]!.text, long.slice(38, 62).join('\n'));
  for (let i = 0; i < 16; i++) visited.add(`${i}.ts`, lines(`n${i}`), 1);
  assert.deepEqual(visited.relevantTo('a.ts', long, 10_000), []);
});
