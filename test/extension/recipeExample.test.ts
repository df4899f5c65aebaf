import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { temporaryFolder } from '../support/temporaryFolder.ts';
import { untilWithin } from '../support/untilWithin.ts';
import { copyExample } from './support/exampleWorkspace.ts';
import { type Editor, installEditor } from './support/installEditor.ts';
import { cellWith, clickInto, openAsNotebook, outputPage, runCell, titleButton } from './support/notebookPage.ts';
import { allNotifications } from './support/notifications.ts';
import { offeredAction, openByPath, openWorkbench, stepsIn } from './support/workbench.ts';

const patience = { timeout: 90_000 };
const until = untilWithin(patience.timeout);
const steps = 16;

const found = installEditor();
const skip = 'missing' in found ? found.missing : false;

test('the example as a newcomer meets it', { skip }, async t => {
  const folder = temporaryFolder();
  const { path, text } = copyExample(folder, { steps, limit: 8 });
  const broken = join(folder, 'broken.lora.json');
  writeFileSync(broken, text.slice(0, 400));
  const saved = () => readFileSync(path, 'utf8');
  const bench = await openWorkbench(found as Editor, { folder });
  const { page } = bench;
  await bench.command('View: Hide Secondary Side Bar');
  await openByPath(bench, 'experts.lora.json');

  const step = stepsIn(bench, t);
  await step('an error that is typed is underlined, and its fix leaves the bytes that were there', async () => {
    const squiggles = page.locator('.editor-group-container.active .squiggly-error');
    const word = (name: string) =>
      page.locator('.editor-group-container.active .view-line span span').getByText(`"${name}"`, { exact: true });
    await page.locator('.codelens-decoration').getByText('Train All').waitFor(patience);
    assert.equal(await squiggles.count(), 0);
    // The line may move while it is clicked on: the code lenses above come by themselves.
    await until(async () => {
      await word('learningRate').first().dblclick(patience);
      const selected = page.getByText(`(${'learningRate'.length} selected)`).first();
      return selected.waitFor({ timeout: 5000 }).then(
        () => true,
        () => false,
      );
    });
    for (const key of ['ArrowRight', ...Array.from('Rate', () => 'Backspace')]) await page.keyboard.press(key);
    await page.keyboard.type('rate');
    await squiggles.first().waitFor(patience);
    await page.keyboard.press('Control+S');
    await until(() => saved() === text.replace('learningRate', 'learningrate'));
    const fix = 'Change to "learningRate"';
    await (await offeredAction(page, fix, () => word('learningrate').first().click(patience))).click(patience);
    await squiggles.first().waitFor({ ...patience, state: 'detached' });
    await page.keyboard.press('Control+S');
    await until(() => saved() === text);
  });

  await step('a training cell is run to its end, and its curve is drawn', async () => {
    await openAsNotebook(bench);
    await runCell(bench, '"do": "train", "experts": ["math"]');
    const output = outputPage(bench);
    await output
      .getByText(/step \d+ of 16/)
      .first()
      .waitFor(patience);
    await output.getByText('Trained math').first().waitFor(patience);
    assert.match(await output.locator('.lora-head').first().innerText(), /step 16 of 16/);
    const canvas = output.locator('canvas').first();
    await canvas.scrollIntoViewIfNeeded(patience);
    // Made from text: this file knows no types of pages.
    const countInked = new Function(
      'c',
      "return c.getContext('2d').getImageData(0, 0, c.width, c.height).data.filter((v, i) => i % 4 === 3 && v > 0).length",
    ) as (canvas: unknown) => number;
    const inked = await canvas.evaluate(countInked);
    assert.ok(inked > 500, `${inked} pixels are drawn`);
    await bench.picture('notebook-training');
  });

  await step('an answer has its route; nothing of it is in the recipe', async () => {
    await runCell(bench, 'Solve this equation');
    await outputPage(bench)
      .getByText(/tokens? in /)
      .first()
      .waitFor(patience);
    await bench.picture('notebook-answer');
    await page.keyboard.press('Control+S');
    assert.equal(saved(), text);
    const outputs = path.replace('.lora.json', '.lora.out.json');
    const kinds = () =>
      JSON.parse(readFileSync(outputs, 'utf8')).steps.map((s: { output: { kind: string } }) => s.output.kind);
    // The file may be there from before, with the training alone.
    await until(() => existsSync(outputs) && `${kinds()}` === 'train,ask');
  });

  await step('what is typed into a cell changes its part of the file alone', async () => {
    const cell = await cellWith(bench, 'Solve this equation');
    await clickInto(cell);
    await page.keyboard.press('Control+End');
    await page.keyboard.type(' // x = −4 and −3');
    await page.keyboard.press('Control+S');
    const line = '{ "do": "ask", "prompt": "Solve this equation: x² + 7x + 12 = 0" }';
    assert.ok(text.includes(line));
    await until(() => saved() === text.replace(`${line},`, `${line}, // x = −4 and −3`));
    await bench.command('Preferences: Toggle between Light/Dark Themes');
    await bench.picture('notebook-dark');
  });

  await step('names are offered in a cell; a wrong one is marked there, and no message comes of it', async () => {
    const cell = await cellWith(bench, '"train", "experts": ["code"');
    await clickInto(cell);
    await page.keyboard.press('Control+End');
    // To the end of its list of experts.
    for (const _ of '] }') await page.keyboard.press('ArrowLeft');
    await page.keyboard.type(', "');
    await page
      .locator('.suggest-widget.visible .monaco-list-row')
      .filter({ hasText: 'math' })
      .first()
      .waitFor(patience);
    await bench.picture('notebook-names');
    // No Escape before: where what is offered has gone by itself, that leaves the cell.
    await page.keyboard.type('maths');
    await page.keyboard.press('Control+S');
    await until(() => saved().includes('"maths"'));
    await page.locator('.notebookOverlay .squiggly-error').first().waitFor(patience);
    await bench.picture('notebook-problem');
    assert.deepEqual(await allNotifications(bench), []);
  });

  await step('what does not parse is refused with the reason, and not touched', async () => {
    await openByPath(bench, 'broken.lora.json');
    await titleButton(bench, 'Open as Notebook').click(patience);
    const told = page.getByText(/cannot be opened as a notebook: .*expected at line \d+/).first();
    await told.waitFor(patience);
    await bench.picture('notebook-refused');
    assert.equal(readFileSync(broken, 'utf8'), text.slice(0, 400));
  });
  await bench.close();
});
