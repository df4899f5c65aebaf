import assert from 'node:assert/strict';
import test from 'node:test';
import { type Editor, installEditor } from './support/installEditor.ts';
import { notebookWorkspace } from './support/notebookWorkspace.ts';
import { runInHost } from './support/runInHost.ts';

const found = installEditor();
const skip = 'missing' in found ? found.missing : false;
const editor = found as Editor;

const inHost = [
  'a recipe has a cell for each definition and each step; what cannot be one is refused and left alone',
  'in a cell, what can stand at the cursor is offered and what is named is told, as its recipe has them',
  'the problems of a recipe are marked in its cells; while one is no JSON, those of that one',
  'a training cell is run to its end: losses and steps, as drawing, text and JSON',
  'ask streams an answer after its route; blends answer beside each other; a merge tells its error',
  'evaluate shows every system on every set',
  'an edit of a cell changes its part of the file alone; outputs are not in it',
  'a byte order mark, line breaks, unknown keys and commas stay as they are',
  'opened again, outputs, order and durations are there where the step is what it was',
  'a training is stopped, and goes on when its cell is run again',
  'closed and opened again, a notebook finds the training that is under way',
  'cells above one, from one on and all are run in their order; interrupted, what runs stops and the rest is not run',
  'after a restart of the engine a cell is run by the new one',
  'a cell that would break the recipe is not saved and not run',
];

test('recipes as notebooks', { skip }, async t => {
  const folder = notebookWorkspace();

  await t.test('in the extension host', async tt => {
    const { results } = await runInHost(editor, 'notebook.ts', { folder });
    assert.deepEqual(
      results.map(({ name }) => name),
      inHost,
    );
    for (const { name, ms, error } of results)
      await tt.test(`${name} (${ms.toFixed(0)} ms)`, () => assert.equal(error, undefined, error));
  });
});
