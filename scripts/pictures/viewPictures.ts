/**
 * Pictures of the training view for the README, in dark and light: its plain page, with what the real engine has said.
 *
 *   node --import tsx scripts/pictures/viewPictures.ts
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';
import { launchBrowser } from '../../test/support/browser.ts';
import { palettePng } from './film.ts';
import { startPlainPages } from './webview.ts';

const images = fileURLToPath(new URL('../../docs/images/', import.meta.url));
const colours = 128;

/** `save` is called with the name and the bytes of each picture. */
export async function viewPictures(save: (name: string, png: Uint8Array) => void): Promise<void> {
  const pages = await startPlainPages();
  const browser = await launchBrowser();
  try {
    for (const theme of ['dark', 'light'] as const) {
      const page = await browser.newPage({ viewport: { width: 1180, height: 900 }, deviceScaleFactor: 2 });
      await page.goto(pages.address('training', theme));
      const take = async (name: string) => {
        await page.mouse.move(0, 0);
        save(`${name}-${theme}.png`, palettePng(await page.screenshot({ caret: 'hide' }), colours));
      };
      await trainingView(page, take);
      await page.close();
    }
  } finally {
    await browser.close();
    await pages.close();
  }
}

async function trainingView(page: Page, take: (name: string) => Promise<void>): Promise<void> {
  await page.locator('.plan .facts').waitFor();
  await page.getByRole('tab', { name: 'code' }).click();
  await page.locator('.example').first().waitFor();
  await take('training-view');
  await page.setViewportSize({ width: 1180, height: 1060 });
  await page.getByRole('tab', { name: 'Runs' }).click();
  await page
    .getByRole('checkbox', { name: /^Compare/ })
    .last()
    .check();
  await page.locator('.charts .chart-key').nth(3).waitFor();
  await page.locator('.checkpoints tbody tr').first().waitFor();
  // The charts are drawn with the next frame.
  await page.waitForTimeout(300);
  await take('training-runs');
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  await viewPictures((name, png) => {
    writeFileSync(join(images, name), png);
    console.log(`docs/images/${name} ${Math.round(png.length / 1000)} kB`);
  });
