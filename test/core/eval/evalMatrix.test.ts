import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assembleMatrix } from '../../../src/core/eval/evalMatrix.ts';

test('outcomes become a table of systems and domains', () => {
  const ask = (system: string, domain: string, ...correct: boolean[]) =>
    correct.map(each => ({ system, domain, correct: each }));
  const matrix = assembleMatrix([
    ...ask('base', 'math', false, false),
    ...ask('base', 'code', true),
    ...ask('math', 'math', true, true, false),
  ]);
  assert.deepEqual(matrix.systems, ['base', 'math']);
  assert.deepEqual(matrix.domains, ['math', 'code']);
  assert.deepEqual(
    matrix.cells.map(row => row.map(cell => cell && [cell.correct, cell.total])),
    [
      [
        [0, 2],
        [1, 1],
      ],
      [[2, 3], null],
    ],
  );
  assert.deepEqual(
    matrix.overall.map(all => [all.correct, all.total]),
    [
      [1, 3],
      [2, 3],
    ],
  );
});
