import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createProgress, type ProgressParams } from '../../src/mcp/progressOf.ts';

test('progress grows with each notification; a phase that begins anew counts on, and what stands still is not told', () => {
  const sent: ProgressParams[] = [];
  const tell = createProgress(params => sent.push(params));
  tell({ message: 'tokenising', done: 0, total: 100 });
  tell({ message: 'tokenising', done: 100, total: 100 });
  tell({ message: 'compiling', done: 0, total: 0 });
  tell({ message: 'step 1', done: 1, total: 4 });
  tell({ message: 'step 1', done: 1, total: 4 });
  tell({ message: 'step 4', done: 4, total: 4 });
  assert.deepEqual(
    sent.map(({ progress, total, message }) => [progress, total, message]),
    [
      [0, 100, 'tokenising'],
      [100, 100, 'tokenising'],
      [101, 104, 'step 1'],
      [104, 104, 'step 4'],
    ],
  );
});
