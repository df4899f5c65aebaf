import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { Page } from 'playwright-core';
import { startPlainPages, type ThemeName } from '../../../scripts/pictures/webview.ts';
import { launchBrowser } from '../../support/browser.ts';

const pictures = process.env.SCREENSHOTS;

interface PlainPageOptions {
  theme?: ThemeName;
  recorded?: string;
  width?: number;
  /** Called with the page before the view is in it. */
  prepare?(page: Page): Promise<void>;
}

/** Opens a view as a plain page, filled. */
export type OpenPlainPage = (view: string, options?: PlainPageOptions) => Promise<Page>;

/** Browser and server of a test; they end with it. Errors of any page fail it. */
export async function startBrowser(t: TestContext): Promise<OpenPlainPage> {
  const pages = await startPlainPages();
  t.after(pages.close);
  const browser = await launchBrowser();
  const problems: string[] = [];
  t.after(async () => {
    await browser.close();
    assert.deepEqual(problems, []);
  });
  return async (view, { theme = 'dark', recorded, width = 1200, prepare } = {}) => {
    const page = await browser.newPage({ viewport: { width, height: 900 } });
    page.setDefaultTimeout(60_000);
    page.on('pageerror', error => problems.push(error.message));
    page.on('console', message => message.type() === 'error' && problems.push(message.text()));
    await prepare?.(page);
    await page.goto(pages.address(view, theme, recorded));
    await page.locator('#view:not([aria-busy])').waitFor({ timeout: 60_000 });
    return page;
  };
}

/** Waits for what the recorded host has seen. Not waitForFunction, which the page's policy forbids: it evaluates text inside the page. */
export async function until(page: Page, expression: string): Promise<void> {
  while (!(await page.evaluate(expression))) await page.waitForTimeout(20);
}

/** A picture for people to look at, where `SCREENSHOTS` names a folder. */
export async function picture(page: Page, name: string): Promise<void> {
  if (!pictures) return;
  mkdirSync(pictures, { recursive: true });
  await page.screenshot({ path: join(pictures, `${name}.png`) });
}
