import assert from 'node:assert/strict';
import test from 'node:test';
import { type Editor, installEditor } from './support/installEditor.ts';
import { runInHost } from './support/runInHost.ts';
import { trainingWorkspace } from './support/trainingWorkspace.ts';

const found = installEditor();
const skip = 'missing' in found ? found.missing : false;

test('training beside the extension host', { skip }, async t => {
  const { results } = await runInHost(found as Editor, 'training.ts', { folder: trainingWorkspace() });
  assert.equal(results.length, 7);
  for (const { name, ms, error, notes } of results)
    await t.test(`${name} (${ms.toFixed(0)} ms)`, tt => {
      for (const note of notes) tt.diagnostic(note);
      assert.equal(error, undefined, error);
    });
});
