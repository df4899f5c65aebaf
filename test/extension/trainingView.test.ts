import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import test from 'node:test';
import type { FrameLocator, Locator } from 'playwright-core';
import { parseRunRecord, type RunRecord } from '../../src/protocol/runRecord.ts';
import { untilWithin } from '../support/untilWithin.ts';
import { trainingFolder } from '../webview/support/trainingFolder.ts';
import { type Editor, installEditor } from './support/installEditor.ts';
import { openWorkbench, type Workbench } from './support/workbench.ts';

/** The machine may be busy with other tests; nothing here asserts a time. */
const patience = { timeout: 120_000 };
const until = untilWithin(patience.timeout);

const found = installEditor();
const skip = 'missing' in found ? found.missing : false;

test('the training view in VS Code', { skip }, async t => {
  const recipe = trainingFolder(60);
  const bench = await openWorkbench(found as Editor, { folder: dirname(recipe) });
  const view = trainingFrame(bench);

  await t.test('opens for the recipe, with its settings and a plan', async () => {
    await bench.command('Multi-LoRA: Open Training View');
    await view.locator('.plan .facts').waitFor(patience);
    assert.equal(await steps(view).inputValue(), '60');
    await bench.picture('view-training');
  });

  await t.test('a setting is an edit of the document, which can be undone; comments stay', async () => {
    await steps(view).fill('2000');
    await steps(view).press('Enter');
    await view.getByText('Unsaved changes').waitFor(patience);
    await view.getByRole('button', { name: 'Open the Recipe' }).click(patience);
    const text = bench.page.locator('.editor-instance .view-lines').first();
    await text.getByText('2000').waitFor(patience);
    await text.getByText('a short one').waitFor(patience);
    await text.click();
    await bench.page.keyboard.press('Control+z');
    await until(async () => (await steps(view).inputValue()) === '60');
    await bench.page.keyboard.press('Control+y');
    await until(async () => (await steps(view).inputValue()) === '2000');
    await bench.picture('view-training-beside');
  });

  await t.test('a training is started, and its curve grows', async () => {
    await view.locator('.start').getByRole('checkbox', { name: 'code' }).click(patience);
    await view.getByRole('button', { name: 'Train math' }).click(patience);
    await reaches(view, 4);
    const text = readFileSync(recipe, 'utf8');
    assert.match(text, /"steps": 2000, \/\/ a short one/, 'saved before it began');
    await bench.picture('view-training-run');
    const before = await stepNow(view);
    await reaches(view, before + 2);
    const described = await view.locator('.charts [role=img]').first().getAttribute('aria-describedby');
    assert.match((await view.locator(`#${described}`).textContent())!, /training: from [\d.]+ at step 1 to/);
  });

  await t.test('it is stopped, and resumed where it was', async () => {
    await view.getByRole('button', { name: 'Stop', exact: true }).click(patience);
    await view.getByText(/^Stopped at step \d+\./).waitFor(patience);
    const stopped = record(recipe);
    assert.equal(stopped.state, 'stopped');
    await view.locator('.checkpoints tbody tr').first().waitFor(patience);
    await view.getByRole('button', { name: 'Resume', exact: true }).click(patience);
    await reaches(view, stopped.progress!.done + 2);
    assert.equal(record(recipe).id, stopped.id);
  });

  await t.test('it goes on while the view is closed, and is found again', async () => {
    const before = await stepNow(view);
    await bench.command('View: Close All Editors');
    await bench.command('Multi-LoRA: Open Training View');
    await reaches(view, before + 2);
  });

  await t.test('it goes on over a reload of the window; the view is where it was', async () => {
    const before = record(recipe);
    await bench.command('Developer: Reload Window');
    await until(async () => record(recipe).pid !== before.pid && record(recipe).state === 'running');
    await reaches(view, before.progress!.done + 1);
    assert.equal(record(recipe).id, before.id);
  });

  await t.test('it goes on when its engine is killed', async () => {
    const before = record(recipe);
    process.kill(before.pid, 'SIGKILL');
    await until(async () => record(recipe).pid !== before.pid && record(recipe).state === 'running');
    await reaches(view, before.progress!.done + 1);
    assert.equal(record(recipe).id, before.id);
  });

  await t.test('paused, it stays so, with a checkpoint to go on from', async () => {
    await view.getByRole('button', { name: 'Pause', exact: true }).click(patience);
    await view.getByText(/^Paused at step \d+\. Its checkpoint is on disk/).waitFor(patience);
    assert.equal(record(recipe).state, 'paused');
    await view.locator('.checkpoints tbody tr').first().waitFor(patience);
    await bench.picture('view-training-paused');
  });

  await t.test('a checkpoint becomes the adapter', async () => {
    const make = view.locator('.checkpoints').getByRole('button', { name: 'Make It the Adapter' }).first();
    await make.click(patience);
    await view.getByText(/math: the factors of step \d+ are its adapter now\./).waitFor(patience);
    assert.ok(existsSync(join(dirname(recipe), 'runs', 'two', 'adapters', 'math', 'adapter_model.safetensors')));
  });

  await t.test('a trained expert is trained again after a question, which keeps a copy', async () => {
    const runs = join(dirname(recipe), 'runs', 'two');
    const dialog = bench.page.locator('.monaco-dialog-box');
    await view.getByRole('tab', { name: 'Configure' }).click(patience);
    const train = view.locator('.start-button:not([disabled])');
    await train.click(patience);
    await dialog.getByText('math is trained. Train again, from the beginning?').waitFor(patience);
    await bench.picture('view-training-again');
    await dialog.getByRole('button', { name: 'Cancel' }).click(patience);
    await train.waitFor(patience);
    assert.equal(readdirSync(join(runs, 'history')).length, 1, 'nothing was begun');
    await train.click(patience);
    await dialog.getByRole('button', { name: 'Keep a Copy and Train' }).click(patience);
    await view.getByRole('button', { name: 'Stop', exact: true }).click(patience);
    await view.getByText(/^Stopped\b/).waitFor(patience);
    assert.equal(readdirSync(join(runs, 'history')).length, 2);
    assert.ok(existsSync(join(runs, 'previous', 'math', 'adapter_model.safetensors')));
  });

  await bench.close();
});

function trainingFrame({ page }: Workbench): FrameLocator {
  return page.frameLocator('iframe.webview.ready').frameLocator('iframe#active-frame');
}

function steps(view: FrameLocator): Locator {
  return view.locator(`[data-path='["training","steps"]'] input`);
}

async function stepNow(view: FrameLocator): Promise<number> {
  const text = await view
    .locator('.run-facts')
    .innerText(patience)
    .catch(() => '');
  return Number(/([\d,]+) of/.exec(text)?.[1]?.replace(',', '') ?? 0);
}

async function reaches(view: FrameLocator, step: number): Promise<void> {
  await until(async () => (await stepNow(view)) >= step);
}

/** The folder of the only run. */
function history(recipe: string): string {
  const folder = join(dirname(recipe), 'runs', 'two', 'history');
  const [id, ...others] = readdirSync(folder);
  assert.deepEqual(others, []);
  return join(folder, id!);
}

function record(recipe: string): RunRecord {
  return parseRunRecord(readFileSync(join(history(recipe), 'run.json'), 'utf8'))!;
}
