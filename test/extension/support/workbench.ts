import { mkdirSync } from 'node:fs';
import { join, parse } from 'node:path';
import { after, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Locator, Page } from 'playwright-core';
import { launchBrowser } from '../../support/browser.ts';
import { temporaryFolder } from '../../support/temporaryFolder.ts';
import type { Editor } from './installEditor.ts';
import { type EditorServer, type ServerOptions, startServer, writeUserSettings } from './server.ts';

/** This project as the extension under test. */
export const extensionFolder = fileURLToPath(new URL('../../../', import.meta.url)).replace(/\/$/, '');
const pictures = process.env.SCREENSHOTS;
const patience = { timeout: 180_000 };

/** A workbench in a browser, with this extension in it. */
export interface Workbench {
  page: Page;
  /** Runs a command of the palette by its whole title. */
  command(title: string): Promise<void>;
  /** Another window on the same folder, with an extension host of its own. */
  openWindow(): Promise<Workbench>;
  /** A picture for people to look at, where `SCREENSHOTS` names a folder. */
  picture(name: string): Promise<void>;
  /** Ends browser and server; else they end with the calling file's tests. */
  close(): Promise<void>;
}

export interface WorkbenchOptions extends ServerOptions {
  /** The extension under test, in its sources; null where it is installed. This project without it. */
  extension?: string | null;
  /** A suite that runs in the extension host, built. */
  suite?: string;
  /** Called when the suite has ended. */
  onSuiteEnd?(code: number): void;
  /** Of the window, in CSS pixels, and how many of the picture's pixels one of them is. */
  size?: { width: number; height: number; scale: number };
}

/** Opens a folder in a workbench with a profile of its own; browser and server end with the calling file's tests. */
export async function openWorkbench(
  editor: Editor,
  options: Omit<WorkbenchOptions, 'dataFolder'> & { dataFolder?: string },
): Promise<Workbench> {
  const whole = { dataFolder: temporaryFolder(), ...options };
  writeUserSettings(whole);
  const bench = await startWorkbench(editor, whole);
  after(bench.close);
  return bench;
}

/** Opens a folder in a workbench with the profile that is in the data folder. */
export async function startWorkbench(editor: Editor, options: WorkbenchOptions): Promise<Workbench> {
  const server = await startServer(editor, options);
  const stops: (() => Promise<void>)[] = [server.stop];
  const close = async () => {
    for (const stop of stops.splice(0)) await stop();
  };
  try {
    const browser = await launchBrowser();
    stops.unshift(() => browser.close());
    const { width, height, scale } = options.size ?? { width: 1400, height: 900, scale: 1 };
    const context = await browser.newContext({
      viewport: { width, height },
      deviceScaleFactor: scale,
      // Each frame of an animation is drawn on the CPU that the engine computes on.
      reducedMotion: 'reduce',
    });
    // The machine may be busy with other tests; nothing asserts a time.
    context.setDefaultTimeout(patience.timeout);
    // Asserting what was copied needs the clipboard.
    await context.grantPermissions(['clipboard-read', 'clipboard-write']);
    const openWindow = async (): Promise<Workbench> => {
      const page = await context.newPage();
      await openPage(page, server, options);
      return {
        page,
        command: title => runCommand(page, title),
        openWindow,
        close,
        async picture(name) {
          if (!pictures) return;
          mkdirSync(pictures, { recursive: true });
          await page.screenshot({ path: join(pictures, `${name}.png`) });
        },
      };
    };
    return await openWindow();
  } catch (error) {
    await close();
    throw error;
  }
}

/** Makes a test of each step in a workbench; what the window showed when one failed is in its picture. */
export function stepsIn(bench: Workbench, t: TestContext) {
  return (name: string, work: () => Promise<void>) =>
    t.test(name, async () => {
      try {
        await work();
      } catch (error) {
        await bench.picture(`failed-${name.replace(/\W+/g, '-').slice(0, 40)}`);
        throw error;
      }
    });
}

async function openPage(page: Page, server: EditorServer, options: WorkbenchOptions): Promise<void> {
  const { extension = extensionFolder, suite, onSuiteEnd } = options;
  if (suite) {
    await page.exposeFunction('codeAutomationExit', (code: number) => onSuiteEnd?.(code));
    await page.exposeFunction('codeAutomationLog', () => {});
  }
  const uri = (path: string) => ({ scheme: 'vscode-remote', authority: server.authority, path });
  await inject(page, {
    ...(extension && { extensions: [uri(extension)] }),
    ...(suite && { extensionTestsPath: uri(suite) }),
  });
  await page.goto(server.url);
  await page.locator('.monaco-workbench .part.statusbar').waitFor(patience);
}

/**
 * Gives the workbench its development options as it reads its configuration. (Answering the page's request with another
 * HTML would make Chromium block its WebSocket.)
 */
async function inject(page: Page, developmentOptions: unknown): Promise<void> {
  await page.addInitScript(`
    const get = Element.prototype.getAttribute;
    Element.prototype.getAttribute = function (name) {
      const value = get.call(this, name);
      if (name !== 'data-settings' || this.id !== 'vscode-workbench-web-configuration' || !value) return value;
      const configuration = JSON.parse(value);
      const developmentOptions = { ...configuration.developmentOptions, ...${JSON.stringify(developmentOptions)} };
      return JSON.stringify({ ...configuration, developmentOptions });
    };
  `);
}

/** The palette takes its list of commands when it opens, so it is reopened until the extension's are there. */
async function runCommand(page: Page, title: string): Promise<void> {
  const exact = new RegExp(`^${escaped(title)}$`);
  const until = Date.now() + patience.timeout;
  while (Date.now() < until) {
    const row = page.locator('.quick-input-list .monaco-list-row').filter({
      has: page.locator('.label-name', { hasText: exact }),
    });
    if (await chooseAfter(page, 'Control+Shift+P', `>${title}`, row.first())) return;
  }
  throw new Error(`the palette has no command '${title}'`);
}

/** Opens a file of the workspace by the end of its path, in the first group of editors. */
export async function openByPath({ page }: Workbench, path: string): Promise<void> {
  const { base, dir } = parse(path);
  await page.keyboard.press('Control+1');
  const rows = page.locator('.quick-input-list .monaco-list-row');
  const isName = page.locator('.label-name', { hasText: new RegExp(`^${escaped(base)}$`) });
  const row = rows.filter({ has: isName }).filter({ hasText: dir }).first();
  const until = Date.now() + patience.timeout;
  await page.keyboard.press('Escape');
  // Opened anew until the search knows the file: it may have been written just now.
  while (!(await chooseAfter(page, 'Control+P', path, row)))
    if (Date.now() > until) throw new Error(`no file ${path} was found`);
  await page.locator('.tab.active').filter({ hasText: base }).first().waitFor();
  // Keys that come before a text has the focus go nowhere; what is no text never has it.
  await appears(page.locator('.editor-instance .monaco-editor.focused'), 5000);
}

/** Opens a quick input with a key, types, and chooses a row; false where it did not open, has no such row or was closed. */
async function chooseAfter(page: Page, key: string, text: string, row: Locator): Promise<boolean> {
  await page.keyboard.press(key);
  const input = page.locator('.quick-input-widget input.input');
  // A key that is pressed while the window or a view in it still loads goes nowhere.
  if (!(await appears(input, 5000))) return false;
  const done = (work: Promise<void>) =>
    work.then(
      () => true,
      () => false,
    );
  const isChosen =
    (await done(input.fill(text, { timeout: 5000 }))) &&
    (await appears(row, 5000)) &&
    (await done(row.click({ timeout: 30_000 })));
  if (!isChosen) await page.keyboard.press('Escape');
  return isChosen;
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

export function appears(locator: Locator, timeout: number): Promise<boolean> {
  return locator.waitFor({ timeout }).then(
    () => true,
    () => false,
  );
}

/** Opens the menu of actions until it offers one: a text that has just been opened or changed may not have them yet. */
export async function offeredAction(page: Page, title: string, atItsPlace: () => Promise<void>): Promise<Locator> {
  const action = page.locator('.action-widget').getByText(title);
  const until = Date.now() + patience.timeout;
  do {
    await page.keyboard.press('Escape');
    await atItsPlace();
    await page.keyboard.press('Control+.');
  } while (!(await appears(action, 5000)) && Date.now() < until);
  return action;
}
