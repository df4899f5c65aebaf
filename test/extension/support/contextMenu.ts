import type { Locator, Page } from 'playwright-core';

const patience = { timeout: 180_000 };

/** Chooses an entry of an element's context menu; which elements are selected stays as it is. */
export async function chooseFromMenu(page: Page, of: Locator, name: string): Promise<void> {
  await of.click({ ...patience, button: 'right' });
  const entry = page.locator('.monaco-menu').getByRole('menuitem', { name, exact: true });
  await entry.waitFor(patience);
  // The editor takes no click on a menu that opened less than 100 ms ago (it may belong to the gesture that opened it).
  await page.waitForTimeout(200);
  await entry.click(patience);
  await entry.waitFor({ ...patience, state: 'detached' });
}
