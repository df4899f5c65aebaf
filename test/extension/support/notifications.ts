import type { Locator, Page } from 'playwright-core';
import { appears, type Workbench } from './workbench.ts';

/** The machine may be busy with other tests; nothing here asserts a time. */
const patience = { timeout: 180_000 };

/**
 * Waits for a notification with this text. The editor puts each away after some seconds, which a busy machine takes to
 * get here: then it is looked for in the list of all.
 */
export async function notification({ page }: Workbench, text: string | RegExp): Promise<void> {
  await find(page, text);
  await hideAll(page);
}

/** Presses a button of the notification with this text. */
export async function pressIn({ page }: Workbench, text: string | RegExp, label: string): Promise<void> {
  const shown = await find(page, text);
  await shown.hover(patience);
  await shown.locator('.monaco-button').filter({ hasText: label }).first().click(patience);
  await hideAll(page);
}

/** What every notification says that nobody has closed. */
export async function allNotifications({ page }: Workbench): Promise<string[]> {
  await showAll(page);
  const messages = await page.locator('.notifications-center .notification-list-item-message').allInnerTexts();
  await hideAll(page);
  return messages;
}

async function find(page: Page, text: string | RegExp): Promise<Locator> {
  const shown = page.locator('.notification-list-item').filter({ hasText: text, visible: true }).first();
  const until = Date.now() + patience.timeout;
  while (!(await appears(shown, 4000))) {
    if (Date.now() > until) {
      const others = await page.locator('.notification-list-item-message').allInnerTexts();
      throw new Error(`there was no notification with ${text}, but: ${others.join(' | ') || 'none'}`);
    }
    // A list that is open keeps its place: what comes then is above what it shows, and not drawn.
    await hideAll(page);
    await showAll(page);
  }
  return shown;
}

const list = (page: Page) => page.locator('.notifications-center.visible');
/** Not with the mouse, which would bring up what the bell is called, in front of it. */
const ring = (page: Page) => page.locator('[id="status.notifications"] a').dispatchEvent('click', {}, patience);

async function showAll(page: Page): Promise<void> {
  if (await list(page).isVisible()) return;
  await ring(page);
  await appears(list(page), 2000);
}

async function hideAll(page: Page): Promise<void> {
  if (!(await list(page).isVisible())) return;
  await ring(page);
  await list(page).waitFor({ ...patience, state: 'hidden' });
}
