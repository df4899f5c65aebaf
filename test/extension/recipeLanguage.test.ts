import assert from 'node:assert/strict';
import { cpSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Locator } from 'playwright-core';
import { runCli } from '../support/programs.ts';
import { temporaryFolder } from '../support/temporaryFolder.ts';
import { untilWithin } from '../support/untilWithin.ts';
import { type Editor, installEditor } from './support/installEditor.ts';
import { notification, pressIn } from './support/notifications.ts';
import { offeredAction, openWorkbench, type Workbench } from './support/workbench.ts';

const patience = { timeout: 180_000 };
const until = untilWithin(patience.timeout);
const examples = fileURLToPath(new URL('../../examples/experts/', import.meta.url));

const found = installEditor();
const skip = 'missing' in found ? found.missing : false;

test('recipes as a language in VS Code', { skip }, async t => {
  const folder = await recipeWorkspace();
  const bench = await openWorkbench(found as Editor, { folder });
  const { page } = bench;
  await bench.command('View: Hide Secondary Side Bar');

  await t.test('the example has no problems, and says what an expert comes to', async () => {
    await openFile(bench, 'experts.lora.json');
    await page.locator('.codelens-decoration').getByText('Train All').waitFor(patience);
    await page.locator('.statusbar-item').getByText('LoRA Recipe').waitFor(patience);
    await hoverOver(bench, '"math"');
    const hover = page
      .locator('.monaco-hover')
      .getByText(/rank 16 on 42 layers, .* parameters, .*scaling 32 \/ 16 = 2/);
    await hover.waitFor(patience);
    await page
      .locator('.monaco-hover')
      .getByText(/tokens per epoch/)
      .waitFor(patience);
    await bench.picture('recipe-hover');
    assert.equal(await page.locator('.squiggly-error, .squiggly-warning').count(), 0);
  });

  await t.test('mistakes are underlined, listed, and marked in the dataset too', async () => {
    await openFile(bench, 'wrong.lora.json');
    await page.locator('.squiggly-error').nth(4).waitFor(patience);
    await bench.command('View: Toggle Problems');
    const problems = page.locator('.markers-panel');
    for (const message of [
      /did you mean 'learningRate'/,
      /no expert is called 'mth'; did you mean 'math'/,
      /nothing\.jsonl is not there/,
      /'ties' needs equal ranks/,
      /bad\.jsonl:2: field 'completion' is missing/,
    ])
      await problems.getByText(message).first().waitFor(patience);
    await bench.picture('recipe-problems');
    await problems
      .getByText(/field 'completion' is missing; a promptCompletion/)
      .first()
      .waitFor(patience);
    await bench.command('View: Toggle Problems');
  });

  await t.test('a key that is nearly right is put right by its quick fix', async () => {
    await fix(bench, '"learningrate"', 'Change to "learningRate"');
    await page.locator('.view-line').getByText('"learningRate"').waitFor(patience);
  });

  await t.test('a dataset that is not there is created by its quick fix', async () => {
    await fix(bench, '"nothing.jsonl"', 'Create nothing.jsonl');
    const file = join(folder, 'nothing.jsonl');
    await until(() => existsSync(file) && readFileSync(file, 'utf8') !== '');
    assert.deepEqual(JSON.parse(readFileSync(file, 'utf8')), {
      prompt: 'What is 2 + 3?',
      completion: '5',
    });
  });

  await t.test('a path is completed', async () => {
    await openFile(bench, 'path.lora.json');
    await word(bench, '""').click(patience);
    await page.keyboard.press('ArrowLeft');
    await bench.command('Trigger Suggest');
    await page.locator('.suggest-widget').getByText('math/train.jsonl').waitFor(patience);
    await bench.picture('recipe-completion');
    await page.keyboard.type('math/tr');
    await page.keyboard.press('Enter');
    await page.keyboard.press('Control+S');
    await until(() => readFileSync(join(folder, 'path.lora.json'), 'utf8').includes('"train": "math/train.jsonl"'));
  });

  await t.test('an expert is renamed everywhere', async () => {
    await openFile(bench, 'experts.lora.json');
    await word(bench, '"math"').click(patience);
    await page.keyboard.press('F2');
    const input = page.locator('.rename-box input.rename-input');
    await input.waitFor(patience);
    await input.fill('sums');
    await page.keyboard.press('Enter');
    await page.locator('.view-line').getByText('"sums"').first().waitFor(patience);
    await page.keyboard.press('Control+S');
    const saved = () => readFileSync(join(folder, 'experts.lora.json'), 'utf8');
    await until(() => saved().includes('"sums"'));
    const before = readFileSync(join(examples, 'experts.lora.json'), 'utf8');
    const names = (text: string, name: string) => text.split(`"${name}"`).length - 1;
    // The held-out set of that name, which is a name of its own, keeps it.
    assert.equal(names(saved(), 'math'), names(before, 'math') - names(saved(), 'sums'));
    assert.deepEqual([names(saved(), 'sums'), names(saved(), 'math')], [6, 3]);
  });

  await t.test(
    'a lens makes a merge, and tells how far it is from the exact sum; it is measured beside the expert that it is made of',
    async () => {
      await openFile(bench, 'tiny.lora.json');
      await lens(bench, 'Merge').click(patience);
      await pressIn(bench, /both is merged: rank 4, relative error \S+ against/, 'Measure');
      await notification(bench, /both: sums \S+ % of 2 answers right \(a alone \S+ %\)/);
      await bench.picture('recipe-measured');
      assert.ok(existsSync(join(folder, 'runs', 'tiny', 'merges', 'both', 'adapter_config.json')));
      await lens(bench, 'Ask').waitFor(patience);
      await lens(bench, /^loss \d+\.\d+ after 2 steps/).waitFor(patience);
    },
  );

  await t.test('what an expert learned follows its new name, and the results those of the recipe', async () => {
    const results = join(folder, 'runs', 'tiny');
    const adapter = (name: string, of = results) => existsSync(join(of, 'adapters', name, 'adapter_config.json'));
    const losses = page
      .locator('.editor-group-container.active .codelens-decoration')
      .getByText(/^loss \d+\.\d+ after 2 steps/);
    const bothTrained = () => until(async () => (await losses.count()) === 2);
    await word(bench, '"a"').click(patience);
    await page.keyboard.press('F2');
    const input = page.locator('.rename-box input.rename-input');
    await input.waitFor(patience);
    await input.fill('first');
    await page.keyboard.press('Enter');
    await page.locator('.view-line').getByText('"first"').first().waitFor(patience);
    assert.ok(adapter('a'), 'nothing moves before the recipe is saved');
    await page.keyboard.press('Control+S');
    await until(() => adapter('first') && !adapter('a'));
    await bothTrained();
    await bench.picture('recipe-renamed');
    const file = page.locator('.explorer-folders-view').getByText('tiny.lora.json', { exact: true }).first();
    await file.click(patience);
    await page.keyboard.press('F2');
    const box = page.locator('.explorer-item-edited input, .explorer-item input').first();
    await box.fill('small.lora.json');
    await page.keyboard.press('Enter');
    // The editor's own question about what an extension wants to move along.
    const dialog = page.locator('.monaco-dialog-box').filter({ hasText: 'wants to make refactoring changes' });
    await dialog.getByRole('button', { name: 'OK' }).click(patience);
    await until(() => adapter('first', join(folder, 'runs', 'small')));
    assert.ok(!existsSync(results));
    await openFile(bench, 'small.lora.json');
    await bothTrained();
  });
  await bench.close();
});

/** The example, recipes with mistakes, and one whose experts took two steps. */
async function recipeWorkspace(): Promise<string> {
  const folder = temporaryFolder();
  cpSync(examples, folder, { recursive: true, filter: path => !/[\\/]runs($|[\\/])/.test(path) });
  writeFileSync(join(folder, 'bad.jsonl'), '{"prompt": "a", "completion": "b"}\n{"prompt": "a"}\n');
  writeFileSync(
    join(folder, 'wrong.lora.json'),
    `{
  // What one finds out while typing, not after an hour of training.
  "lora": { "rank": 16 },
  "training": { "learningrate": 2e-3, "steps": 500 },
  "experts": {
    "math": { "data": { "train": "math/train.jsonl" } },
    "code": { "data": { "train": "nothing.jsonl" }, "lora": { "rank": 8 } },
    "qa": { "data": { "train": "bad.jsonl" } }
  },
  "blends": { "explained": { "code": 0.6, "mth": 0.4 } },
  "merges": { "both": { "method": "ties", "weights": { "math": 1, "code": 1 } } }
}
`,
  );
  writeFileSync(join(folder, 'path.lora.json'), '{\n  "experts": {\n    "math": { "data": { "train": "" } }\n  }\n}\n');
  const tiny = {
    lora: { rank: 2, targets: ['q_proj'] },
    training: { steps: 2, batchSize: 2 },
    experts: { a: { data: { train: 'tiny.jsonl' } }, b: { data: { train: 'tiny.jsonl' } } },
    merges: { both: { method: 'cat', weights: { a: 1, b: 0.5 } } },
    evaluation: { sets: { sums: { data: 'tiny.jsonl', expert: 'a', limit: 2 } } },
    generation: { maxTokens: 4 },
  };
  writeFileSync(join(folder, 'tiny.jsonl'), '{"prompt": "What is 2 + 3?", "completion": "5"}\n'.repeat(4));
  writeFileSync(join(folder, 'tiny.lora.json'), `${JSON.stringify(tiny, null, 2)}\n`);
  const { code, stderr } = await runCli(['train', join(folder, 'tiny.lora.json')]);
  assert.equal(code, 0, stderr);
  return folder;
}

/** The first piece of the active editor with this text. */
function word({ page }: Workbench, text: string): Locator {
  return page.locator('.editor-group-container.active .view-line span span').getByText(text, { exact: true }).first();
}

function lens({ page }: Workbench, title: string | RegExp): Locator {
  return page.locator('.editor-group-container.active .codelens-decoration').getByText(title, { exact: true }).first();
}

async function hoverOver(bench: Workbench, text: string): Promise<void> {
  await word(bench, text).hover(patience);
}

async function fix(bench: Workbench, text: string, title: string): Promise<void> {
  const action = await offeredAction(bench.page, title, () => word(bench, text).click(patience));
  await bench.picture('recipe-fix');
  await action.click(patience);
}

async function openFile({ page }: Workbench, name: string): Promise<void> {
  const file = page.locator('.explorer-folders-view').getByText(name, { exact: true }).first();
  await file.dblclick(patience);
  await page.locator('.tab.active').filter({ hasText: name }).first().waitFor(patience);
  await page.locator('.editor-group-container.active .view-lines').first().waitFor(patience);
}
