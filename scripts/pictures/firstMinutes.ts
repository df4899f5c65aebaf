import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Locator, Page } from 'playwright-core';
import { exampleQuestion } from '../../src/extension/recipe/exampleExperts.ts';
import type { Editor } from '../../test/extension/support/installEditor.ts';
import { writeUserSettings } from '../../test/extension/support/server.ts';
import { appears, startWorkbench } from '../../test/extension/support/workbench.ts';
import { packageTarget } from '../build/packageTarget.mjs';
import { filmInParts, type PartedFilm } from './filmInParts.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const examples = join(root, 'examples');
/** Trainings take their time where others compute too. */
const patience = { timeout: 900_000 };
const size = { width: 1120, height: 680, scale: 1 };

const settings = {
  'workbench.activityBar.location': 'hidden',
  'window.commandCenter': false,
  'window.title': 'tasks',
  'editor.minimap.enabled': false,
  'workbench.tips.enabled': false,
  'chat.viewSessions.enabled': false,
  'git.enabled': true,
  'explorer.confirmDragAndDrop': false,
  // As it comes: the tests take one.
  'multiLora.threads': 0,
};

/** Data of three tasks as people keep it: a file for each, and one of held-out examples beside it. */
const tasks = [
  { name: 'commits', from: 'first', rows: 400 },
  { name: 'where', from: 'experts/qa', rows: 400, about: /Where is/ },
  { name: 'holds', from: 'experts/qa', rows: 400, about: /What does/ },
];

/** What a commit left, and what was changed since: with a slip in it. */
const shop = {
  before:
    'export function total(items) {\n  let sum = 0;\n  for (const item of items) {\n    sum += item.price * item.count;\n  }\n  return sum;\n}\n',
  after:
    'export function total(items) {\n  let sum = 0;\n  for (const item of items) {\n    sum += item.price * item.count;\n  }\n  return sum;\n}\n\nexport function cheapest(items) {\n  let best = items[0];\n  for (let i = 1; i <= items.length; i++) {\n    if (items[i].price < best.price) best = items[i];\n  }\n  return best;\n}\n',
};

/**
 * The first minutes of someone who installs the package into an editor that has never seen it: an answer, experts of three
 * files, their score, and a diff that is reviewed by a model in GGUF, as if LM Studio kept it. `take` gets pictures, and the
 * film is returned with what each part took.
 */
export async function firstMinutes(
  editor: Editor,
  model: string,
  take: (page: Page, name: string) => Promise<void>,
): Promise<PartedFilm> {
  const temporary = mkdtempSync(join(tmpdir(), 'first-minutes-'));
  const folder = join(temporary, 'tasks');
  fill(folder);
  const home = join(temporary, 'home');
  // Where the editor's dialog for files begins.
  const vsix = await packageTarget(`${process.platform}-${process.arch}`, home);
  const kept = join(home, '.lmstudio/models/Qwen/Qwen2.5-Coder-0.5B-Instruct-GGUF');
  mkdirSync(kept, { recursive: true });
  symlinkSync(model, join(kept, 'qwen2.5-coder-0.5b-instruct-q4_k_m.gguf'));
  const env = { HOME: home, XDG_CACHE_HOME: join(home, '.cache'), OLLAMA_MODELS: '', LLAMA_CACHE: '' };
  const options = { folder, dataFolder: join(temporary, 'data'), settings, env };
  writeUserSettings(options);
  const bench = await startWorkbench(editor, { ...options, size, extension: null });
  const { page } = bench;
  const film = await filmInParts(page);
  const row = (text: string | RegExp) =>
    page.locator('.quick-input-list .monaco-list-row').filter({ hasText: text }).first();
  const file = (name: string) => page.locator('.explorer-folders-view').getByText(name, { exact: true });
  const toast = (text: string | RegExp) =>
    page.locator('.notification-toast').filter({ hasText: text, visible: true }).first();
  try {
    await page.locator('.explorer-folders-view').getByText('commits.jsonl', { exact: true }).waitFor(patience);

    film.begin('Install the VSIX');
    await palette(page, 'Extensions: Install from VSIX...');
    await row(basename(vsix)).waitFor(patience);
    await page.waitForTimeout(800);
    await row(basename(vsix)).click(patience);
    await toast(/Completed installing|installed/i).waitFor(patience);
    film.end();
    await bench.command('Notifications: Clear All Notifications');

    film.begin('Ask');
    await palette(page, 'Multi-LoRA: Chat with the Experts');
    const chat = page.locator('.interactive-input-editor').last();
    await chat.getByText('@experts').waitFor(patience);
    // The cursor is in it.
    await page.keyboard.type(exampleQuestion, { delay: 40 });
    await page.keyboard.press('Enter');
    const answer = page.locator('.interactive-response .value').last();
    await answer.getByText(/\d+ tokens?\b/).waitFor(patience);
    film.end();
    await page.waitForTimeout(2500);

    film.begin('Train three experts of your own, one for each file');
    await file('commits.jsonl').click(patience);
    await page.waitForTimeout(500);
    for (const name of ['holds.jsonl', 'where.jsonl']) {
      await file(name).click({ ...patience, modifiers: ['Control'] });
      await page.waitForTimeout(300);
    }
    await file('where.jsonl').click({ ...patience, button: 'right' });
    await page.waitForTimeout(800);
    await page
      .locator('.monaco-menu')
      .getByRole('menuitem', { name: 'Train an Expert on This File…', exact: true })
      .click(patience);
    for (const name of ['commits', 'holds', 'where']) {
      await page.locator('.quick-input-widget').getByText(`It learns from ${name}.jsonl`).waitFor(patience);
      await page.waitForTimeout(500);
      await page.keyboard.press('Enter');
    }
    // There is a choice: another program keeps a model here.
    await row('embedded').waitFor(patience);
    await page.waitForTimeout(800);
    await page.keyboard.press('Enter');
    await toast(/Training .*about/).waitFor(patience);
    await page.waitForTimeout(1500);
    film.fast(true);
    await toast(/: trained, loss/).waitFor(patience);
    film.fast(false);
    film.end();

    film.begin('Their score');
    await toast(/: trained, loss/)
      .locator('.monaco-button')
      .filter({ hasText: 'Evaluate' })
      .click(patience);
    film.fast(true);
    await toast(/is evaluated/).waitFor(patience);
    film.fast(false);
    await take(page, 'score');
    await page.waitForTimeout(2500);
    film.end();
    await bench.command('Notifications: Clear All Notifications');

    film.begin('Ask them');
    await chat.click(patience);
    await page.keyboard.type('Fix the search by date', { delay: 40 });
    await page.keyboard.press('Enter');
    await page.waitForTimeout(1000);
    await page
      .locator('.interactive-response .value')
      .last()
      .getByText(/\d+ tokens?\b/)
      .waitFor(patience);
    film.end();
    await page.waitForTimeout(2500);

    film.begin('Review a change with a base that is on this machine');
    await palette(page, 'Multi-LoRA: Get a Base Model…');
    await row('qwen2.5-coder').waitFor(patience);
    await page.waitForTimeout(1000);
    await row('qwen2.5-coder').click(patience);
    await toast(/is ready to be used/)
      .locator('.monaco-button')
      .filter({ hasText: 'Use as Base' })
      .click(patience);
    await bench.command('View: Hide Secondary Side Bar');
    await file('shop.js').dblclick(patience);
    await page.waitForTimeout(800);
    await palette(page, 'Multi-LoRA: Review Changes');
    film.fast(true);
    await toast(/Reviewed \d+ of/).waitFor(patience);
    film.fast(false);
    await page.waitForTimeout(1000);
    await take(page, 'review');
    const apply = page.locator('.review-widget').getByRole('button', { name: 'Apply the Suggestion' }).first();
    if (await appears(apply, 5000)) {
      await apply.click(patience);
      await page.waitForTimeout(1500);
    }
    film.end();
    await page.waitForTimeout(2000);
    return await film.stop();
  } finally {
    await bench.close();
    rmSync(temporary, { recursive: true, force: true });
  }
}

function fill(folder: string): void {
  mkdirSync(folder, { recursive: true });
  for (const { name, from, rows, about = /./ } of tasks) {
    const lines = (part: string, count: number) =>
      `${readFileSync(join(examples, from, part), 'utf8')
        .split('\n')
        .filter(line => line && about.test(JSON.parse(line).messages[0].content))
        .slice(0, count)
        .join('\n')}\n`;
    writeFileSync(join(folder, `${name}.jsonl`), lines('train.jsonl', rows));
    writeFileSync(join(folder, `${name}-heldout.jsonl`), lines('heldout.jsonl', 40));
  }
  const git = (...args: string[]) => execFileSync('git', args, { cwd: folder, stdio: 'pipe' });
  writeFileSync(join(folder, 'shop.js'), shop.before);
  writeFileSync(join(folder, '.gitignore'), 'runs/\n');
  git('init', '--quiet', '--initial-branch=main');
  git('config', 'user.name', 'A Newcomer');
  git('config', 'user.email', 'newcomer@example.org');
  git('add', '.');
  git('commit', '--quiet', '-m', 'First');
  writeFileSync(join(folder, 'shop.js'), shop.after);
}

/** As a person does it: opens the palette, types, and takes what is found. */
async function palette(page: Page, title: string): Promise<void> {
  const found: Locator = page
    .locator('.quick-input-list .monaco-list-row')
    .filter({ has: page.locator('.label-name', { hasText: title }) })
    .first();
  // The palette takes its list of commands when it opens: those of an extension that was just installed may not be there.
  do {
    await page.keyboard.press('Escape');
    await page.keyboard.press('Control+Shift+P');
    await page.locator('.quick-input-widget input.input').waitFor(patience);
    await page.keyboard.type(title.replace(/[….]+$/, ''), { delay: 15 });
  } while (!(await appears(found, 5000)));
  await page.waitForTimeout(400);
  await page.keyboard.press('Enter');
}
