import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import type { Locator } from 'playwright-core';
import { temporaryFolder } from '../support/temporaryFolder.ts';
import { untilWithin } from '../support/untilWithin.ts';
import { ask, openChat } from './support/chat.ts';
import { chooseFromMenu } from './support/contextMenu.ts';
import { type Editor, installEditor } from './support/installEditor.ts';
import { writeMachineSettings } from './support/server.ts';
import { sidebarWorkspace } from './support/sidebarWorkspace.ts';
import { openWorkbench, stepsIn, type Workbench } from './support/workbench.ts';

/** The machine may be busy with other tests; nothing here asserts a time. */
const patience = { timeout: 180_000 };
const until = untilWithin(patience.timeout);

const found = installEditor();
const skip = 'missing' in found ? found.missing : false;

interface Session extends Workbench {
  folder: string;
  cache: string;
  recipe: string;
}

test('the trees beside the editors', { skip }, async t => {
  const workspace = sidebarWorkspace();
  const dataFolder = temporaryFolder();
  writeMachineSettings(dataFolder, { 'multiLora.modelFolder': workspace.cache });
  const bench = await openWorkbench(found as Editor, { folder: workspace.folder, dataFolder });
  const s: Session = { ...bench, ...workspace };

  const step = stepsIn(bench, t);
  await step('recipes, experts, runs and bases are listed with their figures', () => listsAll(s));
  await step('load and unload change what the engine keeps; the status bar tells it, and the last route', () =>
    loadsAndUnloads(s),
  );
  await step('an expert is trained from its row, and the run appears and is deleted', () => trains(s));
  await step('an evaluation shows its scores beside the experts', () => evaluates(s));
  await step('minima are tests: one passes, one fails with its first wrong answers', () => minima(s));
  await step('a base is used in the active recipe, and deleted from the cache once that is confirmed', () => bases(s));
  await step('an adapter is deleted once that is confirmed, and not before', () => deletes(s));
  await bench.close();
});

async function listsAll(s: Session): Promise<void> {
  await s.page.locator('.activitybar').getByRole('tab', { name: 'Multi-LoRA' }).click(patience);
  await row(s, /^recipe three, active, 3 of 3 experts trained$/).waitFor(patience);
  for (const name of ['math', 'code', 'qa'])
    await row(s, new RegExp(`^expert ${name}, trained, not loaded, rank 8, .*[kM]B$`)).waitFor(patience);
  await row(s, /^Training math, code and qa, done/).waitFor(patience);
  await row(s, /^base embedded, of the active recipe, llama, \d\.\d\d M, 10\.\d MB$/).waitFor(patience);
  await row(s, /^base test\/base, llama/).waitFor(patience);
  await s.picture('sidebar-light');
  await inDark(s, () => s.picture('sidebar-dark'));
  await row(s, /^expert math/).hover(patience);
  const tooltip = s.page.locator('.monaco-hover').filter({ hasText: 'Rank 8' });
  await tooltip.waitFor(patience);
  assert.match(
    await tooltip.innerText(),
    /Knows math\.[\s\S]*8 steps[\s\S]*SHA-256 [0-9a-f]{12}[\s\S]*Not measured yet/,
  );
  await s.picture('sidebar-tooltip');
  await s.page.mouse.move(700, 300);
}

async function loadsAndUnloads(s: Session): Promise<void> {
  await action(row(s, /^expert math/), 'Load');
  await row(s, /^expert math, loaded/).waitFor(patience);
  await row(s, /^expert code, trained, not loaded/).waitFor(patience);
  const status = s.page.locator('.statusbar-item').filter({ hasText: 'loaded' });
  await status.getByText('1 loaded · CPU').waitFor(patience);
  await s.picture('sidebar-loaded');
  await openChat(s);
  await ask(s, 'Write a JavaScript function addSeven(n) that adds 7.');
  await row(s, /^expert code, loaded/).waitFor(patience);
  await status.getByText(/Auto → code \d\.\d\d · 2 loaded · CPU/).waitFor(patience);
  await action(row(s, /^expert math/), 'Unload');
  await row(s, /^expert math, trained, not loaded/).waitFor(patience);
  await status.getByText(/1 loaded · CPU/).waitFor(patience);
  await s.command('View: Hide Secondary Side Bar');
}

async function trains(s: Session): Promise<void> {
  await chooseFromMenu(s.page, row(s, /^expert math/), 'Train…');
  // What it learned is not replaced without a word; a copy stays.
  await s.page.locator('.monaco-dialog-box').getByText('math is trained.').waitFor(patience);
  await s.picture('sidebar-train-again');
  await dialog(s, 'Keep a Copy and Train');
  const run = row(s, /^Training math, done/);
  await run.waitFor(patience);
  assert.ok(existsSync(join(s.folder, 'runs', 'three', 'previous', 'math', 'adapter_config.json')));
  const history = join(s.folder, 'runs', 'three', 'history');
  const before = readdirSync(history).length;
  await chooseFromMenu(s.page, run, 'Delete from the History…');
  await s.picture('sidebar-delete-run');
  await deleteForGood(s);
  await run.waitFor({ ...patience, state: 'detached' });
  assert.equal(readdirSync(history).length, before - 1);
}

async function evaluates(s: Session): Promise<void> {
  await chooseFromMenu(s.page, row(s, /^recipe three/), 'Evaluate…');
  await row(s, /^Evaluating three, done/).waitFor({ timeout: 180_000 });
  await row(s, /^expert math.*, \d+\.\d %/).waitFor(patience);
  await s.picture('sidebar-scores');
}

async function minima(s: Session): Promise<void> {
  await s.page.locator('.activitybar').getByRole('tab', { name: 'Testing' }).click(patience);
  const item = (name: RegExp) => s.page.locator('.test-explorer').getByRole('treeitem', { name }).first();
  for (const name of [/^three\.lora\.json/, /^sums/, /^hard/]) await expand(item(name));
  await s.picture('gates-before');
  await s.command('Test: Run All Tests');
  await item(/^math ≥ 0\.0 % \(Passed\)/).waitFor({ timeout: 120_000 });
  await item(/^Auto ≥ 0\.0 % \(Passed\)/).waitFor(patience);
  await item(/^Base ≥ 100\.0 % \(Failed\)/).waitFor(patience);
  await s.picture('gates');
  // The message stands at the minimum, and the wrong answers at the lines of their examples.
  await s.page
    .getByText(/base on hard: 0\.0 % right .* the minimum is 100\.0 %/)
    .first()
    .waitFor(patience);
  await s.page
    .getByText(/Wrong answer to “/)
    .first()
    .waitFor(patience);
}

/** Opens an item of the Test Explorer. */
async function expand(item: Locator): Promise<void> {
  await item.waitFor(patience);
  if ((await item.getAttribute('aria-expanded')) === 'true') return;
  await item.locator('.monaco-tl-twistie').click(patience);
}

async function bases(s: Session): Promise<void> {
  await s.page.locator('.activitybar').getByRole('tab', { name: 'Multi-LoRA' }).click(patience);
  const before = readFileSync(s.recipe, 'utf8');
  await chooseFromMenu(s.page, row(s, /^base test\/base/), 'Use in the Active Recipe');
  await until(() => /^ {2}"base": "test\/base"/m.test(readFileSync(s.recipe, 'utf8')));
  await row(s, /^base test\/base, of the active recipe/).waitFor(patience);
  await chooseFromMenu(s.page, row(s, /^base embedded/), 'Use in the Active Recipe');
  await until(() => /"base": "embedded"/.test(readFileSync(s.recipe, 'utf8')));
  await row(s, /^base embedded, of the active recipe/).waitFor(patience);
  assert.notEqual(before, readFileSync(s.recipe, 'utf8'));
  const repo = join(s.cache, 'models--test--base');
  await chooseFromMenu(s.page, row(s, /^base test\/base/), 'Delete from the Cache…');
  await s.picture('sidebar-delete-base');
  await dialog(s, 'Cancel');
  assert.ok(existsSync(repo));
  await chooseFromMenu(s.page, row(s, /^base test\/base/), 'Delete from the Cache…');
  await dialog(s, 'Delete');
  await row(s, /^base test\/base/).waitFor({ ...patience, state: 'detached' });
  assert.ok(!existsSync(repo));
  assert.ok(existsSync(s.cache));
}

async function deletes(s: Session): Promise<void> {
  const adapter = join(s.folder, 'runs', 'three', 'adapters', 'qa');
  await chooseFromMenu(s.page, row(s, /^expert qa/), 'Delete the Adapter…');
  await s.picture('sidebar-delete-expert');
  await dialog(s, 'Cancel');
  assert.ok(existsSync(join(adapter, 'adapter_config.json')));
  await chooseFromMenu(s.page, row(s, /^expert qa/), 'Delete the Adapter…');
  await deleteForGood(s);
  await row(s, /^expert qa, not trained/).waitFor(patience);
  assert.ok(!existsSync(adapter));
  await s.picture('sidebar-deleted');
}

function row({ page }: Session, name: RegExp): Locator {
  return page.locator('.sidebar').getByRole('treeitem', { name }).first();
}

/** An action beside a row that is under the mouse. */
async function action(of: Locator, name: string): Promise<void> {
  await of.hover(patience);
  await of.getByRole('button', { name, exact: true }).click(patience);
}

async function dialog({ page }: Session, button: string): Promise<void> {
  await page.locator('.monaco-dialog-box').getByRole('button', { name: button, exact: true }).click(patience);
}

/** On a server there is no trash: it is asked again. */
async function deleteForGood(s: Session): Promise<void> {
  await dialog(s, 'Delete');
  await s.page.locator('.monaco-dialog-box').getByText('There is no trash here').waitFor(patience);
  await dialog(s, 'Delete for Good');
}

/** The profile's theme is a light one. */
async function inDark(s: Session, work: () => Promise<void>): Promise<void> {
  const file = join(s.folder, '.vscode', 'settings.json');
  mkdirSync(join(s.folder, '.vscode'), { recursive: true });
  writeFileSync(file, JSON.stringify({ 'workbench.colorTheme': 'Default Dark Modern' }));
  await s.page.locator('.monaco-workbench.vs-dark').waitFor(patience);
  await work();
  writeFileSync(file, '{}');
  await s.page.locator('.monaco-workbench.vs').waitFor(patience);
}
