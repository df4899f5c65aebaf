import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import type { Page } from 'playwright-core';
import { browserMissing } from '../support/browser.ts';
import { testEngine } from '../support/programs.ts';
import { untilWithin } from '../support/untilWithin.ts';
import { liveTraining } from './support/liveTraining.ts';
import { picture, startBrowser } from './support/plainPage.ts';
import { trainingFolder } from './support/trainingFolder.ts';

/** The machine may be busy with other tests; nothing here asserts a time. */
const patience = { timeout: 240_000 };
const until = untilWithin(patience.timeout);

test('the training view over the real engine, in a plain page', { skip: browserMissing }, async t => {
  const open = await startBrowser(t);
  const recipe = trainingFolder(1000);
  const live = liveTraining(t, recipe, testEngine(t));
  const page = await open('training', { recorded: '', prepare: live.attach });
  page.setDefaultTimeout(patience.timeout);

  await t.test('what training takes is planned, and its data is shown as it will be read', async () => {
    await page.locator('.plan .facts').waitFor();
    assert.match(await page.locator('.plan').innerText(), /math 1,000 steps, 26\.3 epochs of 300 examples/);
    await page.getByRole('tab', { name: 'math' }).click();
    const first = page.locator('.example').first();
    await first.waitFor();
    const [row] = readFileSync(recipe.replace('two.lora.json', 'math/train.jsonl'), 'utf8').split('\n');
    const { messages } = JSON.parse(row!) as { messages: { content: string }[] };
    assert.equal(
      (await first.locator('mark').allTextContents()).join('').replaceAll('↵', ''),
      `${messages[1]!.content}<|im_end|>`,
    );
  });

  await t.test('a setting goes into the text, comments stay, and the plan follows', async () => {
    await page.getByRole('tab', { name: 'All experts' }).click();
    const steps = page.locator(`[data-path='["training","steps"]'] input`);
    await steps.fill('500');
    await steps.press('Enter');
    await page.getByText('math 500 steps').waitFor();
    assert.match(readFileSync(recipe, 'utf8'), /"steps": 1000, \/\/ a short one/, 'not saved yet');
  });

  await t.test('started from the form, its curve grows', async () => {
    await page.getByRole('button', { name: /^Train/ }).click();
    await reaches(page, 2);
    assert.match(readFileSync(recipe, 'utf8'), /"steps": 500, \/\/ a short one/);
    const [first] = await drawnSteps(page);
    await reaches(page, 5);
    const [later] = await drawnSteps(page);
    assert.ok(later! > first!, `${first} steps were drawn, then ${later}`);
    await picture(page, 'view-training-live');
  });

  await t.test('stopped, it ends after the step under way, with a checkpoint of it', async () => {
    await page.getByRole('button', { name: 'Stop', exact: true }).click();
    await page.getByText(/^Stopped at step/).waitFor();
    const [run] = live.runs;
    assert.equal(run!.state, 'stopped');
    await page.locator('.checkpoints tbody tr').first().waitFor();
    const row = await page.locator('.checkpoints tbody tr').first().innerText();
    assert.match(row, new RegExp(`^${run!.progress!.done}\\s`));
  });

  await t.test('resumed, it goes on as the same run, and no step is missing', async () => {
    const [run] = live.runs;
    const stopped = run!.progress!.done;
    await page.getByRole('button', { name: 'Resume', exact: true }).click();
    await reaches(page, stopped + 2);
    const steps = run!.events.flatMap(event => (event.type === 'step' ? [event.step] : []));
    assert.deepEqual(
      steps,
      steps.map((_, i) => i + 1),
    );
    assert.equal(live.runs.length, 1);
  });

  await t.test('a page that is opened again finds the run that goes on', async () => {
    const before = await stepNow(page);
    await page.reload();
    await reaches(page, before + 1);
    // The whole curve; the charts are drawn after the facts.
    await until(async () => (await drawnSteps(page)).every(steps => steps > before));
  });

  await t.test('paused, it stays open', async () => {
    await page.getByRole('button', { name: 'Pause', exact: true }).click();
    await page.getByText(/^Paused at step \d+\. Its checkpoint is on disk/).waitFor();
    assert.equal(live.runs[0]!.state, 'paused');
  });

  await t.test('another run goes on from its checkpoint, drawn beside it', async () => {
    const [{ progress }] = live.runs as [(typeof live.runs)[0]];
    await page.getByRole('button', { name: 'Go On from Here' }).first().click();
    await reaches(page, progress!.done + 1);
    assert.equal(live.runs.length, 2);
    // The charts are drawn after the facts.
    await page.locator('.charts .chart').first().locator('.chart-key').nth(1).waitFor();
    await page.getByRole('button', { name: 'Stop', exact: true }).click();
    await page.getByText(/^Stopped at step/).waitFor();
  });
});

async function stepNow(page: Page): Promise<number> {
  const text = await page.locator('.run-facts').innerText();
  return Number(/(\d+) of/.exec(text)?.[1] ?? 0);
}

async function reaches(page: Page, step: number): Promise<void> {
  const end = Date.now() + patience.timeout;
  while ((await stepNow(page)) < step) {
    if (Date.now() > end) throw new Error(`step ${step} was not reached`);
    await page.waitForTimeout(100);
  }
}

/** The last step of each loss curve, by what is said of it. */
async function drawnSteps(page: Page): Promise<number[]> {
  const texts = await page.locator('.charts .chart .hidden').allTextContents();
  return texts.flatMap(text => /^training: from .* to .* at step (\d+), lowest/.exec(text)?.[1] ?? []).map(Number);
}
