import assert from 'node:assert/strict';
import test from 'node:test';
import { joinCurves } from '../../../webview/components/joinCurves.ts';

test('lines of different steps over one list of them; no number is a gap', () => {
  const train = [
    { step: 1, loss: 3 },
    { step: 2, loss: Number.NaN },
    { step: 4, loss: 1 },
  ];
  const validation = [
    { step: 4, loss: 1.5 },
    { step: 3, loss: 2 },
  ];
  assert.deepEqual(joinCurves([train, validation]), {
    x: [1, 2, 3, 4],
    y: [
      [3, null, null, 1],
      [null, null, 2, 1.5],
    ],
  });
  assert.deepEqual(joinCurves([]), { x: [], y: [] });
});
