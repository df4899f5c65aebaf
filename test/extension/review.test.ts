import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { type Editor, installEditor } from './support/installEditor.ts';
import { notification, pressIn } from './support/notifications.ts';
import { longFile, reviewWorkspace, wrongLines } from './support/reviewWorkspace.ts';
import { runInHost } from './support/runInHost.ts';
import { openByPath, openWorkbench, type Workbench } from './support/workbench.ts';

const patience = { timeout: 180_000 };

const found = installEditor();
const skip = 'missing' in found ? found.missing : false;
const editor = found as Editor;
const settings = { 'git.enabled': true };

test('reviews in VS Code', { skip }, async t => {
  const folder = reviewWorkspace();
  const bench = await openWorkbench(editor, { folder, settings });
  const { page } = bench;
  const threads = page.locator('.review-widget');
  const title = (line: number) => threads.filter({ hasText: new RegExp(`Line ${line}:`) });

  await t.test('comments stand on the lines with mistakes; what was left out is told', async () => {
    await bench.command('Multi-LoRA: Review Changes');
    await notification(bench, /Reviewed (\d+) of \1 new lines in 2 files: .*remark/);
    await openByPath(bench, 'cart.js');
    await threads.first().waitFor(patience);
    await bench.picture('review-comments');
    const labels = await threads.locator('.review-title .filename').allInnerTexts();
    assert.deepEqual(
      labels.map(label => Number(/Line (\d+):/.exec(label)?.[1])).toSorted((a, b) => a - b),
      wrongLines,
    );
    await bench.command('Multi-LoRA: Show the Summary of the Review');
    const summary = page.locator('.editor-instance').filter({ hasText: 'Review of the working tree' });
    for (const line of [
      'gone.js: it was deleted',
      'logo.bin: it is binary',
      'new name.js: it has no new lines',
      'notes.md: markdown is not program code',
    ])
      await summary.getByText(line).waitFor(patience);
    await bench.picture('review-summary');
  });

  await t.test('a suggestion is applied, a finding resolved', async () => {
    const [first, second] = wrongLines;
    await openByPath(bench, 'cart.js');
    await title(second!).getByRole('button', { name: 'Apply the Suggestion' }).click(patience);
    await page
      .locator('.view-line')
      .filter({ hasText: 'console.log(name)' })
      .waitFor({ ...patience, state: 'detached' });
    await page.keyboard.press('Control+S');
    await title(first!).getByRole('button', { name: 'Resolve' }).click(patience);
    await threads.first().waitFor({ ...patience, state: 'hidden' });
    await bench.picture('review-resolved');
    const lines = readFileSync(join(folder, 'src', 'cart.js'), 'utf8').split('\n');
    assert.deepEqual(lines.slice(second! - 2, second), [
      'function find(items, name) {',
      '  return items.filter(x => x.name === name);',
    ]);
  });

  await t.test('a range of commits is reviewed, where its lines are now', async () => {
    await bench.command('Multi-LoRA: Review Commits…');
    await pick(bench, 'First');
    await notification(bench, /Reviewed (\d+) of \1 new lines in 1 file/);
    await bench.picture('review-commits');
  });

  await t.test('a file is reviewed, and a selection of it', async () => {
    await openByPath(bench, 'added.ts');
    await bench.command('Multi-LoRA: Review the File');
    await notification(bench, 'Reviewed 4 of 4 new lines in 1 file: 1 remark');
    await threads.first().waitFor(patience);
    await bench.command('Go to Line/Column...');
    await page.keyboard.type('3');
    await page.keyboard.press('Enter');
    await page.keyboard.press('Shift+ArrowUp');
    await bench.command('Multi-LoRA: Review the Selection');
    await notification(bench, 'Reviewed 1 of 1 new line in 1 file: 1 remark');
    await bench.command('Multi-LoRA: Show the Summary of the Review');
    await page.locator('.editor-instance').getByText('Review of added.ts, line 2').waitFor(patience);
    await bench.command('View: Close Editor');
  });

  await t.test('a review of 2,000 lines is cancelled', async () => {
    writeFileSync(join(folder, 'long.js'), longFile(2000));
    await bench.command('Multi-LoRA: Review Changes');
    await notification(bench, /long\.js, \d+ of 2\d{3} lines/);
    await bench.picture('review-progress');
    await pressIn(bench, /long\.js, \d+ of 2\d{3} lines/, 'Cancel');
    await notification(bench, /Stopped after \d+ of 2\d{3} new lines in 3 files/);
  });
  await bench.close();

  await t.test('in the extension host', async tt => {
    // Enough to notice what blocks; all 2,000 take too long for every day.
    writeFileSync(join(folder, 'long.js'), longFile(Number(process.env.REVIEW_LINES ?? 200)));
    const { results } = await runInHost(editor, 'review.ts', { folder, settings });
    assert.equal(results.length, 1);
    for (const note of results[0]!.notes) tt.diagnostic(note);
    assert.equal(results[0]!.error, undefined);
  });
});

async function pick({ page }: Workbench, label: string): Promise<void> {
  await page.locator('.quick-input-list .monaco-list-row').filter({ hasText: label }).first().click(patience);
}
