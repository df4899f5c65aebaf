import assert from 'node:assert/strict';
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import type { RunRecord } from '../../src/protocol/runRecord.ts';
import { temporaryFolder } from '../support/temporaryFolder.ts';
import { scriptInPlaceOfPython, shellInPlaceOfSsh } from '../support/trainingScript.ts';
import { untilWithin } from '../support/untilWithin.ts';
import { chooseFromMenu } from './support/contextMenu.ts';
import { type Editor, installEditor } from './support/installEditor.ts';
import { allNotifications, notification, pressIn } from './support/notifications.ts';
import { trainingWorkspace } from './support/trainingWorkspace.ts';
import { openWorkbench, type Workbench } from './support/workbench.ts';

const patience = { timeout: 180_000 };
const until = untilWithin(patience.timeout);

const found = installEditor();
const skip = 'missing' in found ? found.missing : false;

test('training in VS Code', { skip }, async t => {
  const folder = trainingWorkspace();
  const settings = { 'multiLora.training.steps': 300, 'multiLora.training.rank': 2, 'multiLora.training.batchSize': 2 };
  const box = temporaryFolder();
  const env = { MULTI_LORA_SSH: shellInPlaceOfSsh(box) };
  const bench = await openWorkbench(found as Editor, { folder, settings, env });

  await t.test('an expert is trained from the palette on a JSONL file, and cancelled', async () => {
    await openFile(bench, 'adding.jsonl');
    await bench.command('Multi-LoRA: Train an Expert on This File…');
    await pick(bench, 'New recipe');
    await bench.page.locator('.quick-input-widget').getByText('It learns from adding.jsonl').waitFor(patience);
    await bench.picture('train-name');
    await bench.page.keyboard.press('Enter');
    await notification(bench, /Training adding: about \d.* on CPU/);
    await running(bench, /Training adding \d+ %, .* left/);
    await bench.picture('train-progress');
    await pressIn(bench, 'Training adding: about', 'Stop');
    await notification(bench, /Training adding was stopped at step \d+ of 300/);
    await bench.picture('train-stopped');
    const recipe = JSON.parse(readFileSync(join(folder, 'adding.lora.json'), 'utf8').replace(/^ *\/\/.*$/gm, ''));
    assert.deepEqual(recipe.experts, { adding: { data: { train: 'adding.jsonl' } } });
    assert.deepEqual([recipe.lora, recipe.training], [{ rank: 2 }, { steps: 300, batchSize: 2 }]);
    assert.equal(record(folder, 'adding').state, 'stopped');
  });

  await t.test('it is resumed to its end, and asked', async () => {
    const stoppedAt = record(folder, 'adding').progress!.done;
    await pressIn(bench, 'was stopped', 'Resume');
    await notification(bench, /adding: trained, loss \d\.\d+ after 300 steps/);
    await bench.picture('train-done');
    const { state, progress } = record(folder, 'adding');
    assert.deepEqual([state, progress!.done], ['done', 300]);
    const steps = events(folder, 'adding').flatMap(e => (e.type === 'step' ? [e.step] : []));
    assert.deepEqual(
      steps,
      Array.from({ length: 300 }, (_, i) => i + 1),
      `it went on after step ${stoppedAt}`,
    );
    await pressIn(bench, 'adding: trained', 'Ask It');
    const input = bench.page.locator('.interactive-input-editor').last();
    await input.getByText('@experts').waitFor(patience);
    await input.click(patience);
    await bench.page.keyboard.type('What is 3 + 4?', { delay: 10 });
    await bench.page.keyboard.press('Enter');
    const answer = bench.page.locator('.interactive-response .value').last();
    await answer.getByText(/adding 1\.00, \d+ tokens?/).waitFor(patience);
    await bench.picture('train-asked');
  });

  await t.test('data with a mistake: the message opens its line', async () => {
    await openFile(bench, 'wrong.jsonl');
    await bench.command('Multi-LoRA: Train an Expert on This File…');
    await notification(bench, /wrong\.jsonl has problems/);
    await bench.picture('train-wrong-data');
    await pressIn(bench, 'has problems', 'Open wrong.jsonl:2');
    await bench.page.locator('.statusbar-item').getByText('Ln 2, Col 1').waitFor(patience);
    // Nothing was written before the file was read.
    assert.ok(!existsSync(join(folder, 'wrong.lora.json')));
  });

  await t.test('columns with names of their own are asked for, and held-out data is a set', async () => {
    await openFile(bench, 'own.csv');
    await bench.command('Multi-LoRA: Train an Expert on This File…');
    await bench.page
      .locator('.quick-input-title')
      .getByText('own.csv: which column holds what is asked?')
      .waitFor(patience);
    await bench.picture('train-columns');
    await pick(bench, 'Frage');
    await bench.page
      .locator('.quick-input-title')
      .getByText('which column holds the answer to “Frage”?')
      .waitFor(patience);
    await pick(bench, 'Antwort');
    await pick(bench, 'New recipe');
    await bench.page.locator('.quick-input-widget').getByText('It learns from own.csv').waitFor(patience);
    await bench.page.keyboard.press('Enter');
    await running(bench, /Training own \d+ %/);
    await pressIn(bench, 'Training own: about', 'Stop');
    await notification(bench, /Training own was stopped/);
    const recipe = JSON.parse(readFileSync(join(folder, 'own.lora.json'), 'utf8').replace(/^ *\/\/.*$/gm, ''));
    const columns = { prompt: 'Frage', answer: 'Antwort' };
    assert.deepEqual(recipe.experts, { own: { data: { train: 'own.csv', columns } } });
    assert.deepEqual(recipe.evaluation, { sets: { own: { data: 'own-heldout.csv', expert: 'own', columns } } });
  });

  await t.test('a recipe without held-out examples: some are set aside, and it is evaluated', async () => {
    await openFile(bench, 'adding.lora.json');
    await bench.command('Multi-LoRA: Evaluate…');
    await bench.page.locator('.quick-input-title').getByText('has no held-out examples').waitFor(patience);
    await bench.picture('train-no-sets');
    await pick(bench, 'Set Examples Aside');
    await bench.page.locator('.monaco-dialog-box').getByText('the scores would mean nothing').waitFor(patience);
    await bench.picture('train-seen');
    await bench.page.locator('.monaco-dialog-box').getByRole('button', { name: 'Evaluate Anyway' }).click(patience);
    await notification(bench, /adding is evaluated/);
    const recipe = JSON.parse(readFileSync(join(folder, 'adding.lora.json'), 'utf8').replace(/^ *\/\/.*$/gm, ''));
    assert.deepEqual(recipe.experts, { adding: { data: { train: 'adding-rest.jsonl' } } });
    assert.deepEqual(recipe.evaluation, { sets: { adding: { data: 'adding-heldout.jsonl', expert: 'adding' } } });
    const lines = (name: string) => readFileSync(join(folder, name), 'utf8').trim().split('\n');
    assert.equal(lines('adding-rest.jsonl').length + lines('adding-heldout.jsonl').length, 60);
  });

  await t.test('experts are trained on files that are selected in the explorer', async () => {
    const files = bench.page.locator('.explorer-folders-view');
    await files.getByText('adding.jsonl', { exact: true }).click(patience);
    await files.getByText('more.jsonl', { exact: true }).click({ ...patience, modifiers: ['Control'] });
    await chooseFromMenu(bench.page, files.getByText('more.jsonl', { exact: true }), 'Train an Expert on This File…');
    await pick(bench, 'New recipe');
    for (const name of ['adding', 'more']) {
      await bench.page.locator('.quick-input-widget').getByText(`It learns from ${name}.jsonl`).waitFor(patience);
      await bench.page.keyboard.press('Enter');
    }
    await running(bench, /Training adding and more \d+ %/);
    await pressIn(bench, 'Training adding and more: about', 'Stop');
    await notification(bench, /Training adding and more was stopped/);
    assert.deepEqual(record(folder, 'experts').experts.toSorted(), ['adding', 'more']);
  });

  await t.test('a recipe is trained and evaluated from the palette, and its report opened', async () => {
    await openFile(bench, 'scored.lora.json');
    await bench.command('Multi-LoRA: Train Experts…');
    await pressIn(bench, /scored: trained/, 'Evaluate');
    await pressIn(bench, /scored is evaluated\. Right answers: scored .* \(base .*\)/, 'Open Report');
    const report = bench.page.frameLocator('iframe.webview.ready').frameLocator('iframe#active-frame');
    await report.locator('#accuracy table.heat').first().waitFor(patience);
    await bench.picture('train-report');
    await bench.command('View: Close Editor');
  });

  await t.test('training on another machine: away at first, stopped, resumed, home', async () => {
    mkdirSync(join(box, '.local', 'bin'), { recursive: true });
    copyFileSync(scriptInPlaceOfPython({ steps: 5, waits: 2 }), join(box, '.local', 'bin', 'uv'));
    writeFileSync(join(box, 'away'), '');
    const input = bench.page.locator('.quick-input-widget');
    await openFile(bench, 'there.lora.json');
    await bench.command('Multi-LoRA: Train on Another Machine…');
    await pick(bench, 'Another machine…');
    // The list and the question have one field.
    await input.getByText('for another folder than ~/multi-lora').waitFor(patience);
    await input.locator('input[type=text]').fill('ssh:my box');
    await input.getByText('A place is ssh:gpu-box').waitFor(patience);
    await bench.picture('train-place');
    await input.locator('input[type=text]').fill('ssh:gpu-box');
    await bench.page.keyboard.press('Enter');
    await input.getByText('Leave it empty for uv').waitFor(patience);
    await bench.page.keyboard.press('Enter');
    const dialog = bench.page.locator('.monaco-dialog-box');
    await dialog.getByText('Train there on gpu-box?').waitFor(patience);
    await dialog
      .getByText(/data of there \(4 examples\).*The base embedded is sent too, \d.*a shell, tar, and uv/s)
      .waitFor(patience);
    await bench.picture('train-send');
    await dialog.getByRole('button', { name: 'Send and Train' }).click(patience);

    await notification(bench, /gpu-box cannot be reached: no route.* Check it with: ssh gpu-box true/s);
    rmSync(join(box, 'away'));
    await pressIn(bench, 'cannot be reached', 'Resume');
    await running(bench, /Training there on gpu-box 40 %/);
    await bench.command('Multi-LoRA: Open Training View');
    const view = bench.page.frameLocator('iframe.webview.ready').frameLocator('iframe#active-frame');
    await view.getByText('It runs on gpu-box').waitFor(patience);
    await bench.picture('train-there');
    await view.getByRole('button', { name: 'Stop', exact: true }).click(patience);
    await notification(bench, /Training there on gpu-box was stopped at step 3 of 5/);
    await pressIn(bench, 'on gpu-box was stopped', 'Resume');
    await notification(bench, /there: trained on gpu-box, loss 0\.600 after 5 steps/);
    assert.deepEqual([record(folder, 'there').state, record(folder, 'there').on], ['done', { place: 'ssh:gpu-box' }]);
    assert.ok(existsSync(join(folder, 'runs', 'there', 'adapters', 'there', 'adapter_model.safetensors')));
    await bench.command('View: Close Editor');
  });

  await t.test('before prompts go to a server elsewhere the user is asked, and this machine may answer', async () => {
    const path = join(folder, 'scored.lora.json');
    const before = readFileSync(path, 'utf8');
    const engines = { gpu: { kind: 'openai', url: 'http://gpu.invalid:8000/v1' } };
    writeFileSync(path, JSON.stringify({ ...JSON.parse(before), engines, answering: 'gpu' }));
    await openFile(bench, 'scored.lora.json');
    await bench.command('Multi-LoRA: Evaluate…');
    const dialog = bench.page.locator('.monaco-dialog-box');
    await dialog.getByText('Send the prompts of this workspace to http://gpu.invalid:8000?').waitFor(patience);
    await bench.picture('ask-server');
    await dialog.getByRole('button', { name: 'Answer Here for Now' }).click(patience);
    await notification(bench, /scored is evaluated\. Right answers: scored/);

    const row = bench.page.locator('.quick-input-list .monaco-list-row').filter({ hasText: 'http://gpu.invalid:8000' });
    const choose = () => bench.command('Multi-LoRA: Servers That Get Prompts…');
    await choose();
    // Not the active recipe's, but the user was asked about it.
    await row.waitFor(patience);
    assert.equal(await row.getAttribute('aria-checked'), 'false');
    await row.click(patience);
    await bench.picture('choose-servers');
    await bench.page.keyboard.press('Enter');
    await choose();
    await row.waitFor(patience);
    assert.equal(await row.getAttribute('aria-checked'), 'true');
    await bench.page.keyboard.press('Escape');
    writeFileSync(path, before);
  });

  await t.test('another window sees a run and stops it', async () => {
    const other = await bench.openWindow();
    await startLong(bench);
    await other.page.bringToFront();
    await other.page
      .locator('.statusbar-item')
      .getByText(/Training long/)
      .waitFor(patience);
    await other.picture('train-other-window');
    await other.command('Multi-LoRA: Stop Training…');
    await pick(other, 'Training long');
    await notification(bench, /Training long was stopped at step \d+ of 100000/);
    assert.equal(record(folder, 'long').state, 'stopped');
    await other.page
      .locator('.statusbar-item')
      .getByText(/Training long/)
      .waitFor({ ...patience, state: 'detached' });
    await other.page.close();
  });

  await t.test('an engine that is killed while it trains: told once, and the training goes on', async () => {
    await pressIn(bench, 'Training long was stopped', 'Resume');
    await until(() => record(folder, 'long').state === 'running');
    const killed = record(folder, 'long');
    process.kill(killed.pid, 'SIGKILL');
    await notification(bench, /the engine process was ended by SIGKILL/);
    await until(() => record(folder, 'long').pid !== killed.pid && record(folder, 'long').state === 'running');
    await running(bench, /Training long \d+ %/);
    await bench.picture('train-killed');
    const told = await allNotifications(bench);
    assert.equal(told.filter(text => text.includes('ended by SIGKILL')).length, 1, told.join('\n'));
  });

  await t.test('a window that is reloaded goes on with its training', async () => {
    const before = record(folder, 'long');
    await bench.page.reload();
    await bench.page.locator('.monaco-workbench .part.statusbar').waitFor(patience);
    // The old window's engine may train on until it notices that nobody listens.
    await until(() => record(folder, 'long').pid !== before.pid && record(folder, 'long').state === 'running');
    await running(bench, /Training long \d+ %/);
    await bench.picture('train-reloaded');
    const after = record(folder, 'long');
    assert.equal(after.id, before.id);
    assert.ok(after.progress!.done >= before.progress!.done, 'it lost no step');
    await bench.page
      .locator('.statusbar-item')
      .getByText(/Training long/)
      .click(patience);
    await pick(bench, 'Training long');
    await notification(bench, /Training long was stopped/);
  });

  await bench.close();
});

async function startLong(bench: Workbench): Promise<void> {
  await openFile(bench, 'long.lora.json');
  await bench.command('Multi-LoRA: Train Experts…');
  await running(bench, /Training long \d+ %/);
}

/** What the status bar says of the run that goes on. */
async function running({ page }: Workbench, text: RegExp): Promise<void> {
  await page.locator('.statusbar-item').getByText(text).first().waitFor(patience);
}

/** The only run of a recipe. */
function runFolder(folder: string, recipe: string): string {
  const history = join(folder, 'runs', recipe, 'history');
  const [id, ...others] = existsSync(history) ? readdirSync(history) : [];
  assert.deepEqual(others, []);
  return join(history, id ?? '');
}

function record(folder: string, recipe: string): RunRecord {
  return JSON.parse(readFileSync(join(runFolder(folder, recipe), 'run.json'), 'utf8'));
}

function events(folder: string, recipe: string) {
  const lines = readFileSync(join(runFolder(folder, recipe), 'events.jsonl'), 'utf8')
    .trim()
    .split('\n');
  return lines.map(line => JSON.parse(line));
}

async function pick({ page }: Workbench, label: string): Promise<void> {
  await page.locator('.quick-input-list .monaco-list-row').filter({ hasText: label }).first().click(patience);
}

async function openFile({ page }: Workbench, name: string): Promise<void> {
  await page.locator('.explorer-folders-view').getByText(name, { exact: true }).first().dblclick(patience);
  await page.locator('.tab.active').filter({ hasText: name }).first().waitFor(patience);
}
