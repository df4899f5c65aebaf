import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { type SettingContribution, settings } from '../../src/extension/contributions/settings.ts';
import { callingExperiment } from '../support/callingBase.ts';
import { makeOnce } from '../support/makeOnce.ts';
import { runCliToItsEnd } from '../support/programs.ts';
import { temporaryFolder } from '../support/temporaryFolder.ts';
import { untilWithin } from '../support/untilWithin.ts';
import { asksFromTheLightBulb, tasksOfNobody } from './ask/askSteps.ts';
import { blendLabAnswers } from './blend/blendSteps.ts';
import { attachedFile, feedbackIsDeleted, followUp, refusesOutside, slashCommands } from './chat/chatSteps.ts';
import type { SuiteResult } from './inHost/suite.ts';
import { opensReport } from './report/reportSteps.ts';
import { answerTo, ask, openChat } from './support/chat.ts';
import { type Editor, installEditor } from './support/installEditor.ts';
import { notification, pressIn } from './support/notifications.ts';
import { desktopEditor, runInHost } from './support/runInHost.ts';
import { trainedWorkspace } from './support/trainedWorkspace.ts';
import { openWorkbench, stepsIn, type Workbench } from './support/workbench.ts';

/** The machine may be busy with other tests; nothing here asserts a time. */
const patience = { timeout: 180_000 };
const until = untilWithin(patience.timeout);

const found = installEditor();
const skip = 'missing' in found ? found.missing : false;
const editor = found as Editor;

test('the extension in VS Code', { skip: !desktopEditor && skip }, async t => {
  const folder = trainedWorkspace();

  await t.test('in the extension host: the experts as models', async tt => {
    const env = { CALLING_RECIPE: trainedToCall() };
    const { results, notifications } = await runInHost(editor, 'models.ts', { folder, env });
    await tell(tt, results, 11);
    const unread = desktopEditor && 'what a desktop editor shows cannot be read here';
    await tt.test('the user was told once that the engine ended', { skip: unread }, () => {
      const [lost, ...others] = notifications.filter(told => !/^Multi-LoRA serves /.test(told));
      assert.deepEqual(others, []);
      assert.match(lost!, /the engine process was ended by SIGKILL/);
    });
  });

  await t.test('in restricted mode', { skip: desktopEditor && 'the desktop is started with trust alone' }, async tt => {
    writeSettings(folder, { ...restrictedSettings(), 'multiLora.recipe': 'three.lora.json' });
    await tell(tt, (await runInHost(editor, 'restricted.ts', { folder, isTrusted: false })).results, 5);
  });

  await t.test('in the workbench', { skip }, async tt => {
    writeSettings(folder, { 'multiLora.inlineCompletions.enabled': true, 'multiLora.feedback.collect': true });
    const bench = await openWorkbench(editor, { folder });
    const step = stepsIn(bench, tt);
    await step('chat routes math, code and QA each to its expert, and shows why', () => chatRoutes(bench));
    await step('feedback is kept where its user asked for it', () => feedbackIsKept(bench, folder));
    await step('each slash command goes to whom it names, with the selection where it is about code', () =>
      slashCommands(bench),
    );
    await step('what no expert was trained for is refused, and why is said', () => refusesOutside(bench));
    await step('a file that is named goes along as far as it fits, and that is said', () => attachedFile(bench));
    await step('a follow-up asks another expert', () => followUp(bench));
    await step('feedback is seen and deleted', () => feedbackIsDeleted(bench, folder));
    await step('a blend is chosen from the keyboard, shown in the status bar, and answers', () => switches(bench));
    await step('Auto is in the model picker; an expert picked there answers', () => modelPicker(bench));
    await step('a question about a selection is answered beside the editor', () => asksOfSelection(bench));
    await step('an answer replaces the selection after a look at the difference', () => replaces(bench, folder));
    await step('the light bulb asks; the answer is copied, inserted and opened', () =>
      asksFromTheLightBulb(bench, folder),
    );
    await step('tasks that no expert was trained for are refused in words', () => tasksOfNobody(bench));
    await step('a suggestion for a comment appears while typing', () => suggests(bench));
    await step('a report is opened, compared, and there again after a reload', () => opensReport(bench, folder));
    await step('in the blend lab a slider that is moved changes the answer; the blend is saved in the recipe', () =>
      blendLabAnswers(bench, folder),
    );
    await bench.close();
  });
});

/** The recipe of an expert that calls a tool, trained; outside of the workspace. */
function trainedToCall(): string {
  const folder = join(process.env.MULTI_LORA_TEST_FIXTURES ?? temporaryFolder(), 'trainedToCall');
  makeOnce(folder, made => {
    const { status, stderr } = runCliToItsEnd(['train', callingExperiment(made)]);
    if (status !== 0) throw new Error(`training failed: ${stderr}`);
  });
  return join(folder, 'weather.lora.json');
}

async function chatRoutes(bench: Workbench): Promise<void> {
  await openChat(bench);
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
  const keep = bench.page.locator('.interactive-response .monaco-button').getByText('Keep as a good answer').last();
  const file = join(folder, '.multi-lora', 'feedback.jsonl');
  const isKept = () => existsSync(file) && readFileSync(file, 'utf8').endsWith('\n');
  await until(async () => {
    // A click on a list that is being drawn anew is lost.
    await keep.click(patience);
    return soon(isKept);
  });
  const row = JSON.parse(readFileSync(file, 'utf8').split('\n')[0]!);
  assert.deepEqual([row.helpful, row.weights], [true, { qa: 1 }]);
  assert.match(row.prompt, /Where is Emma/);
}

async function modelPicker(bench: Workbench): Promise<void> {
  const { page } = bench;
  await page.locator('.chat-input-toolbars').getByText('Auto', { exact: true }).click(patience);
  const others = page.getByText('Other Models');
  await others.click(patience);
  await page.getByText('Expert: math').waitFor(patience);
  await bench.picture('model-picker');
  await page.getByText('Expert: math').click(patience);
  const answer = await ask(bench, 'What is 3 + 4?');
  assert.match(await answer.innerText(), /^math\n/);
}

async function asksOfSelection(bench: Workbench): Promise<void> {
  await openFile(bench, 'sum.js');
  await bench.page.keyboard.press('Control+A');
  await bench.command('Multi-LoRA: Ask the Experts…');
  await bench.page
    .locator('.quick-input-widget input.input')
    .fill('Write a JavaScript function addNine(n) that adds 9.');
  await bench.page.keyboard.press('Enter');
  await bench.page.locator('.editor-instance').getByText('Routed to code').waitFor(patience);
  await bench.picture('ask-selection');
}

async function replaces(bench: Workbench, folder: string): Promise<void> {
  const { page } = bench;
  const before = readFileSync(join(folder, 'sum.js'), 'utf8');
  await page.locator('.codelens-decoration').getByText('Replace…').click(patience);
  const question = 'Replace the selection in sum.js';
  await notification(bench, question);
  await page.locator('.diff-editor, .monaco-diff-editor').first().waitFor(patience);
  await bench.picture('replace');
  assert.equal(readFileSync(join(folder, 'sum.js'), 'utf8'), before, 'nothing is changed before the user says so');
  await pressIn(bench, question, 'Replace');
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
  const answer = await ask(bench, 'What is 8 + 1?');
  assert.match(await answer.innerText(), /^review, who answers in this workspace\n/);
  await page.keyboard.press('Control+Alt+e');
  await page
    .locator('.quick-input-list .monaco-list-row')
    .filter({ hasText: 'The router finds the expert' })
    .click(patience);
  await page
    .locator('.statusbar-item')
    .filter({ hasText: /Auto( →|$)/ })
    .waitFor(patience);
}

async function suggests(bench: Workbench): Promise<void> {
  const { page } = bench;
  await openFile(bench, 'double.js');
  await page.keyboard.type('// Write a function that doubles a number.');
  await page.keyboard.press('Enter');
  await page.locator('.ghost-text, .ghost-text-decoration, .ghost-text-decoration-preview').first().waitFor(patience);
  await bench.picture('suggestion');
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

/** What no workspace may say without trust, each with a value that is not its default. */
function restrictedSettings(): Record<string, unknown> {
  const other = ({ default: value, schema }: SettingContribution) => {
    if (typeof value === 'boolean') return !value;
    if (typeof value === 'number') return value + 1;
    return Array.isArray(schema.enum) ? schema.enum.find(v => v !== value) : '/elsewhere';
  };
  const restricted = Object.entries<SettingContribution>(settings).filter(([, setting]) => setting.restricted);
  return Object.fromEntries(restricted.map(([id, setting]) => [`multiLora.${id}`, other(setting)]));
}

/** Whether it comes to be within some seconds. */
async function soon(condition: () => boolean): Promise<boolean> {
  const end = Date.now() + 5000;
  while (!condition() && Date.now() < end) await new Promise(resolve => setTimeout(resolve, 100));
  return condition();
}
