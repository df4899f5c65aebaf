import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';

/** Debian's two: the headless one has no windows to draw, and the editor's tests take a fifth less time in it. */
const places = ['/usr/bin/chromium-headless-shell', '/usr/bin/chromium'];
const found = process.env.CHROMIUM ?? places.find(existsSync);

/** Why there is no browser here, or false. */
export const browserMissing = existsSync(found ?? '')
  ? false
  : `there is no Chromium at ${found ?? places.join(' or ')}: install the package 'chromium-headless-shell', or set CHROMIUM`;

/** A browser that draws on the CPU. Whoever starts it closes it. */
export function launchBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: found,
    args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'],
  });
}
