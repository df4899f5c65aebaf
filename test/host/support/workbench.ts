import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { after } from 'node:test';
import { fileURLToPath } from 'node:url';
import { chromium, type Locator, type Page } from 'playwright-core';
import { temporaryFolder } from '../../support/temporaryFolder.ts';
import type { Editor } from './installEditor.ts';
import { type ServerOptions, startServer } from './server.ts';

/** This project as the extension under test. */
const extension = fileURLToPath(new URL('../../../', import.meta.url));
const pictures = process.env.SCREENSHOTS;

/** A workbench in a browser, with this extension in it. */
export interface Workbench {
  page: Page;
  /** Runs a command of the palette by its whole title. */
  command(title: string): Promise<void>;
  /** A picture for people to look at, where `SCREENSHOTS` names a folder. */
  picture(name: string): Promise<void>;
  /** Ends browser and server; else they end with the calling file's tests. */
  close(): Promise<void>;
}

export interface WorkbenchOptions extends Omit<ServerOptions, 'dataFolder'> {
  /** A suite that runs in the extension host, built. */
  suite?: string;
  /** Called when the suite has ended. */
  onSuiteEnd?(code: number): void;
}

/** Opens a folder in a workbench; browser and server end with the calling file's tests. */
export async function openWorkbench(editor: Editor, options: WorkbenchOptions): Promise<Workbench> {
  const server = await startServer(editor, { ...options, dataFolder: temporaryFolder() });
  const stops: (() => Promise<void>)[] = [server.stop];
  const close = async () => {
    for (const stop of stops.splice(0)) await stop();
  };
  after(close);
  const browser = await chromium.launch({
    executablePath: editor.chromium,
    args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'],
  });
  stops.unshift(() => browser.close());
  const context = await browser.newContext({ viewport: { width: 1400, height: 900 } });
  // Asserting what was copied needs the clipboard.
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  const page = await context.newPage();
  if (options.suite) {
    await page.exposeFunction('codeAutomationExit', (code: number) => options.onSuiteEnd?.(code));
    await page.exposeFunction('codeAutomationLog', () => {});
  }
  const uri = (path: string) => ({ scheme: 'vscode-remote', authority: server.authority, path });
  await inject(page, {
    extensions: [uri(extension.replace(/\/$/, ''))],
    ...(options.suite && { extensionTestsPath: uri(options.suite) }),
  });
  await page.goto(server.url);
  await page.locator('.monaco-workbench .part.statusbar').waitFor({ timeout: 120_000 });
  return {
    page,
    command: title => runCommand(page, title),
    close,
    async picture(name) {
      if (!pictures) return;
      mkdirSync(pictures, { recursive: true });
      await page.screenshot({ path: join(pictures, `${name}.png`) });
    },
  };
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
  const exact = new RegExp(`^${title.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}$`);
  const until = Date.now() + 60_000;
  while (Date.now() < until) {
    await page.keyboard.press('Control+Shift+P');
    const input = page.locator('.quick-input-widget input.input');
    await input.waitFor({ state: 'visible' });
    await input.fill(`>${title}`);
    const row = page
      .locator('.quick-input-list .monaco-list-row')
      .filter({ has: page.locator('.label-name', { hasText: exact }) })
      .first();
    if (await appears(row, 3000)) return row.click();
    await page.keyboard.press('Escape');
  }
  throw new Error(`the palette has no command '${title}'`);
}

export function appears(locator: Locator, timeout: number): Promise<boolean> {
  return locator.waitFor({ timeout }).then(
    () => true,
    () => false,
  );
}
