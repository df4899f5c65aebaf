import assert from 'node:assert/strict';
import { test } from 'node:test';
import { progressText } from '../../../src/extension/hub/progressText.ts';

test('progress in words', () => {
  const at = { file: 'model.safetensors', done: 120e6, total: 269.06e6 };
  assert.equal(
    progressText({ ...at, bytesPerSecond: 12.34e6, secondsLeft: 72.08 }),
    'model.safetensors · 120.0 MB of 269.1 MB · 12.3 MB/s · 1 min 12 s left',
  );
  assert.equal(progressText({ ...at, bytesPerSecond: 0 }), 'model.safetensors · 120.0 MB of 269.1 MB');
});
