import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import type { Locator, Page } from 'playwright-core';
import type { SuiteResult } from './inHost/suite.ts';
import { type Editor, installEditor } from './support/installEditor.ts';
import { runInHost } from './support/runInHost.ts';
import { trainedWorkspace } from './support/trainedWorkspace.ts';
import { openWorkbench, type Workbench } from './support/workbench.ts';

/** The machine may be busy with other tests; nothing here asserts a time. */
const patience = { timeout: 60_000 };

const found = installEditor();
const skip = 'missing' in found ? found.missing : false;
const editor = found as Editor;

test('the extension in VS Code', { skip }, async t => {
  const folder = await trainedWorkspace();

  await t.test('in the extension host: the experts as models', async tt => {
    const { results, notifications } = await runInHost(editor, 'models.ts', { folder });
    await tell(tt, results, 9);
    await tt.test('the user was told once that the engine ended', () => {
      assert.equal(notifications.length, 1, notifications.join('\n'));
      assert.match(notifications[0]!, /the engine process was ended by SIGKILL/);
    });
  });

  await t.test('in restricted mode', async tt => {
    writeSettings(folder, { 'multiLora.recipe': 'three.lora.json' });
    await tell(tt, (await runInHost(editor, 'restricted.ts', { folder, isTrusted: false })).results, 1);
  });

  await t.test('in the workbench', async tt => {
    writeSettings(folder, { 'multiLora.inlineCompletions.enabled': true, 'multiLora.feedback.collect': true });
    const bench = await openWorkbench(editor, { folder });
    await tt.test('chat routes math, code and QA each to its expert, and shows why', () => chatRoutes(bench));
    await tt.test('feedback is kept where its user asked for it', () => feedbackIsKept(bench, folder));
    await tt.test('Auto is in the model picker; an expert picked there answers', () => modelPicker(bench));
    await tt.test('a selection is explained beside the editor', () => explains(bench));
    await tt.test('an answer replaces the selection after a look at the difference', () => replaces(bench, folder));
    await tt.test('a blend is chosen from the keyboard and shown in the status bar', () => switches(bench));
    await tt.test('a suggestion for a comment appears while typing', () => suggests(bench));
    await bench.close();
  });
});

async function chatRoutes(bench: Workbench): Promise<void> {
  await bench.command('Multi-LoRA: Chat with the Experts');
  await bench.page.locator('.interactive-input-editor').getByText('@experts').waitFor(patience);
  const prompts = {
    math: 'What is 12% of 50?',
    code: 'Write a JavaScript function addSeven(n) that adds 7.',
    qa: 'Emma is in the park. Ben is at the school. Where is Emma?',
  };
  for (const [expert, prompt] of Object.entries(prompts)) {
    const answer = await ask(bench, prompt);
    await bench.picture(`chat-${expert}`);
    assert.match(await answer.innerText(), new RegExp(`Routed to ${expert} \\d\\.\\d\\d, because of `));
  }
  // What the router saw is behind a line that opens.
  const last = await answerTo(bench.page, prompts.qa);
  await last.locator('.completed-response-summary').click(patience);
  await last.getByText('Used 1 reference').click(patience);
  await last.locator('.chat-used-context-list').getByText('Route', { exact: true }).click(patience);
  await bench.page.locator('.editor-instance').getByText('What spoke for an expert').waitFor(patience);
  await bench.picture('chat-evidence');
}

async function feedbackIsKept(bench: Workbench, folder: string): Promise<void> {
  await bench.page
    .locator('.interactive-response .monaco-button')
    .getByText('Keep as a good answer')
    .last()
    .click(patience);
  const file = join(folder, '.multi-lora', 'feedback.jsonl');
  await until(() => existsSync(file) && readFileSync(file, 'utf8').endsWith('\n'));
  const row = JSON.parse(readFileSync(file, 'utf8'));
  assert.deepEqual([row.helpful, row.weights], [true, { qa: 1 }]);
  assert.match(row.prompt, /Where is Emma/);
}

async function modelPicker(bench: Workbench): Promise<void> {
  const { page } = bench;
  await page.locator('.chat-input-toolbars').getByText('Auto (routed)').click(patience);
  const others = page.getByText('Other Models');
  await others.click(patience);
  await page.getByText('Expert: math').waitFor(patience);
  await bench.picture('model-picker');
  await page.getByText('Expert: math').click(patience);
  const answer = await ask(bench, 'What is 3 + 4?');
  assert.match(await answer.innerText(), /^math\n/);
}

async function explains(bench: Workbench): Promise<void> {
  await openFile(bench, 'sum.js');
  await bench.page.keyboard.press('Control+A');
  await bench.command('Multi-LoRA: Explain the Selection');
  await bench.page.locator('.editor-instance').getByText('Answered by code 1.00.').waitFor(patience);
  await bench.picture('explain');
}

async function replaces(bench: Workbench, folder: string): Promise<void> {
  const { page } = bench;
  const before = readFileSync(join(folder, 'sum.js'), 'utf8');
  await page.locator('.codelens-decoration').getByText('Replace…').click(patience);
  const button = page.locator('.notification-toast').getByText('Replace', { exact: true });
  await button.waitFor(patience);
  await page.locator('.diff-editor, .monaco-diff-editor').first().waitFor(patience);
  await bench.picture('replace');
  assert.equal(readFileSync(join(folder, 'sum.js'), 'utf8'), before, 'nothing is changed before the user says so');
  await button.click();
  await page.keyboard.press('Control+1');
  await page.keyboard.press('Control+S');
  await until(() => readFileSync(join(folder, 'sum.js'), 'utf8') !== before);
}

async function switches(bench: Workbench): Promise<void> {
  const { page } = bench;
  await page.keyboard.press('Control+Alt+e');
  const input = page.locator('.quick-input-widget input.input');
  await input.waitFor(patience);
  await bench.picture('switch');
  await page.locator('.quick-input-list .monaco-list-row').filter({ hasText: 'code 0.80 · qa 0.20' }).click(patience);
  await page.locator('.statusbar-item').filter({ hasText: 'review' }).waitFor(patience);
}

async function suggests(bench: Workbench): Promise<void> {
  const { page } = bench;
  await openFile(bench, 'double.js');
  await page.keyboard.type('// Write a function that doubles a number.');
  await page.keyboard.press('Enter');
  await page.locator('.ghost-text, .ghost-text-decoration, .ghost-text-decoration-preview').first().waitFor(patience);
  await bench.picture('suggestion');
}

/** Sends a message to @experts, which stays in the input; gives the answer once it is whole. */
async function ask({ page }: Workbench, prompt: string): Promise<Locator> {
  await page.locator('.interactive-input-editor').last().click(patience);
  await page.keyboard.type(prompt, { delay: 10 });
  await page.keyboard.press('Enter');
  const answer = await answerTo(page, prompt);
  // The line below the answer is its end.
  await answer.getByText(/\d+ tokens?\b/).waitFor(patience);
  return answer;
}

/** The answer to a prompt. The list's rows are in no order in the page: their indices say which follows which. */
async function answerTo(page: Page, prompt: string): Promise<Locator> {
  const rows = page.locator('.interactive-session .monaco-list-row');
  const request = rows.filter({ has: page.locator('.interactive-request', { hasText: prompt }) }).first();
  await request.waitFor(patience);
  const index = Number(await request.getAttribute('data-index'));
  return page.locator(`.interactive-session .monaco-list-row[data-index="${index + 1}"] .value`);
}

async function openFile({ page }: Workbench, name: string): Promise<void> {
  await page.keyboard.press('Control+1');
  await page
    .locator('.explorer-viewlet, .explorer-folders-view')
    .getByText(name, { exact: true })
    .first()
    .dblclick(patience);
  await page.locator('.tab.active').filter({ hasText: name }).first().waitFor(patience);
  await page.locator('.editor-group-container.active .monaco-editor .view-lines').first().click(patience);
}

async function tell(t: TestContext, results: SuiteResult[], atLeast: number): Promise<void> {
  assert.ok(results.length >= atLeast, `${results.length} tests ran in the host`);
  for (const { name, ms, error, notes } of results)
    await t.test(`${name} (${ms.toFixed(0)} ms)`, tt => {
      for (const note of notes) tt.diagnostic(note);
      assert.equal(error, undefined, error);
    });
}

function writeSettings(folder: string, settings: Record<string, unknown>): void {
  mkdirSync(join(folder, '.vscode'), { recursive: true });
  writeFileSync(join(folder, '.vscode', 'settings.json'), JSON.stringify(settings));
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const end = Date.now() + patience.timeout;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`it did not come to be: ${condition}`);
    await new Promise(resolve => setTimeout(resolve, 200));
  }
}
