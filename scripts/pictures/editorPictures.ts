/**
 * Pictures of the editor for the README, taken in the editor of the tests, and of its views: docs/images/*.png. With
 * `--first`, the film of the first minutes, first-minutes.gif, and its last picture, by a model in GGUF that can review.
 *
 *   npm run pictures                     the experts of examples/experts, trained by `npm start`
 *   npm run pictures -- path/to/folder   those of a copy of that folder
 *   npm run pictures -- --recipes        those of recipes alone, which train what they show
 *   npm run pictures -- --views          those of the views alone
 *   npm run pictures -- --first qwen2.5-coder-0.5b-instruct-q4_k_m.gguf
 */
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { answerTo, ask, openChat } from '../../test/extension/support/chat.ts';
import { installEditor } from '../../test/extension/support/installEditor.ts';
import { writeUserSettings } from '../../test/extension/support/server.ts';
import { startWorkbench, type Workbench, type WorkbenchOptions } from '../../test/extension/support/workbench.ts';
import { animatedGif, palettePng } from './film.ts';
import { firstMinutes } from './firstMinutes.ts';
import { recipePictures, recipePicturesFolder } from './recipePictures.ts';
import { viewPictures } from './viewPictures.ts';
import { viewsInEditor } from './viewsInEditor.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const images = join(root, 'docs', 'images');
const patience = { timeout: 120_000 };
const colours = 128;

const settings = {
  'workbench.activityBar.location': 'hidden',
  'window.commandCenter': false,
  // Not that it is under development, in a browser.
  'window.title': 'experts',
  'editor.minimap.enabled': false,
  'workbench.tips.enabled': false,
  'chat.viewSessions.enabled': false,
  'editor.wordWrap': 'on',
  'multiLora.training.steps': 300,
};

/** What an expert is trained on for the picture. */
const dataFile = { name: 'percent.jsonl', rows: 400 };

async function main([named, model]: string[]): Promise<void> {
  if (named === '--first') return film(model);
  const only = named?.startsWith('--') ? named : undefined;
  const experts = resolve((!only && named) || join(root, 'examples', 'experts'));
  if (only !== '--recipes' && !existsSync(join(experts, 'runs')))
    throw new Error(`${experts} has no trained experts: run 'npm start' first.`);
  if (!only) await editorPictures(experts);
  if (only !== '--recipes') {
    await inWorkbench(
      folder => cpSync(experts, folder, { recursive: true }),
      { width: 1180, height: 980, scale: 1.5 },
      (bench, folder) => viewsInEditor(bench, folder, name => takePicture(bench, name)),
    );
    await viewPictures(save);
  }
  if (only !== '--views')
    await inWorkbench(recipePicturesFolder, { width: 1000, height: 760, scale: 1.5 }, bench =>
      recipePictures(bench, name => takePicture(bench, name)),
    );
}

/** The film of the first minutes, with what each part of them took. */
async function film(model: string | undefined): Promise<void> {
  const editor = installEditor();
  if ('missing' in editor) throw new Error(editor.missing);
  if (!model || !existsSync(model)) throw new Error('Name the file of a model in GGUF that can review: Qwen2.5-Coder.');
  const taken = await firstMinutes(editor, resolve(model), async (page, name) => {
    save(`${name}.png`, palettePng(await page.screenshot({ caret: 'hide' }), colours));
  });
  save('first-minutes.gif', animatedGif(taken.frames));
  for (const { title, seconds, clicks } of taken.parts)
    console.log(`${title}: ${Math.round(seconds)} s, ${clicks} clicks`);
}

function editorPictures(experts: string): Promise<void> {
  return inWorkbench(
    folder => chatFolder(experts, folder),
    { width: 1100, height: 680, scale: 2 },
    async bench => {
      await chat(bench);
      await modelPicker(bench);
      await askInEditor(bench);
      await training(bench);
      await views(bench);
    },
  );
}

function chatFolder(experts: string, folder: string): void {
  cpSync(experts, folder, { recursive: true });
  const rows = readFileSync(join(folder, 'math', 'train.jsonl'), 'utf8')
    .split('\n')
    .slice(0, dataFile.rows);
  writeFileSync(join(folder, dataFile.name), rows.join('\n'));
  writeFileSync(join(folder, 'numbers.js'), 'export const numbers = [1, 2, 3, 4];\n');
}

/** Opens a folder that `fill` fills, in an editor of its own. */
async function inWorkbench(
  fill: (folder: string) => void,
  size: NonNullable<WorkbenchOptions['size']>,
  take: (bench: Workbench, folder: string) => Promise<void>,
): Promise<void> {
  const editor = installEditor();
  if ('missing' in editor) throw new Error(editor.missing);
  const temporary = mkdtempSync(join(tmpdir(), 'pictures-'));
  const folder = join(temporary, 'experts');
  fill(folder);
  const options = { folder, dataFolder: join(temporary, 'data'), settings };
  writeUserSettings(options);
  const bench = await startWorkbench(editor, { ...options, size });
  try {
    await take(bench, folder);
  } finally {
    await bench.close();
    rmSync(temporary, { recursive: true, force: true });
  }
}

async function chat(bench: Workbench): Promise<void> {
  const { page } = bench;
  await openChat(bench);
  await bench.command('View: Toggle Maximized Secondary Side Bar');
  await ask(bench, 'What is 25% of 80?');
  await ask(bench, 'Write a JavaScript function addSeven(n) that adds 7.');
  await ask(bench, 'Emma is in the park. Ben is at the school. Where is Emma?');
  const last = await answerTo(page, 'Where is Emma?');
  await last.locator('.completed-response-summary').click(patience);
  await last.getByText('Used 1 reference').click(patience);
  await picture(bench, 'chat');
}

async function modelPicker(bench: Workbench): Promise<void> {
  const { page } = bench;
  await page.locator('.chat-input-toolbars').getByText('Auto', { exact: true }).click(patience);
  await page.getByText('Other Models').click(patience);
  await page.getByText('Expert: math').waitFor(patience);
  await picture(bench, 'model-picker');
  await page.keyboard.press('Escape');
}

async function askInEditor(bench: Workbench): Promise<void> {
  const { page } = bench;
  await bench.command('View: Toggle Maximized Secondary Side Bar');
  await bench.command('View: Hide Secondary Side Bar');
  await openFile(bench, 'numbers.js');
  await bench.command('Multi-LoRA: Ask the Experts…');
  await page
    .locator('.quick-input-widget input.input')
    .fill('Write a JavaScript function isEven(n) that tells whether a number is even.');
  await page.keyboard.press('Enter');
  await page
    .locator('.editor-instance')
    .getByText(/Answered.by|Routed.to/)
    .first()
    .waitFor(patience);
  await picture(bench, 'ask');
}

async function training(bench: Workbench): Promise<void> {
  const { page } = bench;
  await bench.command('View: Close All Editors');
  await openFile(bench, dataFile.name);
  await bench.command('Multi-LoRA: Train an Expert on This File…');
  await page.locator('.quick-input-list .monaco-list-row').filter({ hasText: 'New recipe' }).click(patience);
  await page.locator('.quick-input-widget').getByText(`It learns from ${dataFile.name}`).waitFor(patience);
  await page.keyboard.press('Enter');
  const toast = page.locator('.notification-toast').filter({ hasText: 'The status bar shows how far it is' });
  await toast.waitFor(patience);
  const status = page.locator('.statusbar-item').getByText(/^Training .* \d+ %, .* left/);
  await status.waitFor(patience);
  await picture(bench, 'training');
  await bench.command('Multi-LoRA: Stop Training…');
  await page.locator('.quick-input-list .monaco-list-row').first().click(patience);
  await page.locator('.notification-toast').getByText('was stopped').waitFor(patience);
}

/** The trees beside the editors, with the route of a question at the foot of the window. */
async function views(bench: Workbench): Promise<void> {
  const { page } = bench;
  await bench.command('Notifications: Clear All Notifications');
  await openChat(bench);
  await ask(bench, 'What is 25% of 80?');
  await bench.command('View: Hide Secondary Side Bar');
  await bench.command('View: Close All Editors');
  await bench.command('Multi-LoRA: Focus on Experts View');
  const row = (name: RegExp) => page.locator('.sidebar').getByRole('treeitem', { name }).first();
  await row(/^expert math, loaded/).waitFor(patience);
  await row(/^base embedded/).waitFor(patience);
  await row(/^recipe experts/).click(patience);
  await page.locator('.tab.active').filter({ hasText: 'experts.lora.json' }).waitFor(patience);
  await page.mouse.move(0, 0);
  await picture(bench, 'views');
}

async function openFile({ page }: Workbench, name: string): Promise<void> {
  await page.locator('.explorer-folders-view').getByText(name, { exact: true }).first().dblclick(patience);
  await page.locator('.tab.active').filter({ hasText: name }).first().waitFor(patience);
  await page.locator('.editor-group-container.active .monaco-editor .view-lines').first().click(patience);
}

async function picture(bench: Workbench, name: string): Promise<void> {
  await bench.page.mouse.move(0, 0);
  await takePicture(bench, name);
}

/** With what the mouse points at. */
async function takePicture({ page }: Workbench, name: string): Promise<void> {
  save(`${name}.png`, palettePng(await page.screenshot({ caret: 'hide' }), colours));
}

function save(name: string, bytes: Uint8Array): void {
  mkdirSync(images, { recursive: true });
  writeFileSync(join(images, name), bytes);
  console.log(`docs/images/${name} ${Math.round(statSync(join(images, name)).size / 1000)} kB`);
}

await main(process.argv.slice(2));
