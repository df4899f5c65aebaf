/**
 * Pictures of a report page for the README: docs/images/report-light.png and report-dark.png, the top 1200 × 1400 pixels.
 *
 *   npx tsx scripts/pictures/pictures.ts path/to/report.html
 *
 * Needs a Chromium or Chrome: the CHROMIUM environment variable, or one in its usual place.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const size = '1200,1400';
// Values of Blink's preferredColorScheme setting.
const schemes = { dark: 0, light: 1 };
const usualPlaces = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/snap/bin/chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
];

function main(): void {
  const page = process.argv[2];
  if (!page) fail('Give the path of a report: npx tsx scripts/pictures/pictures.ts path/to/report.html');
  if (!existsSync(page)) fail(`There is no file ${resolve(page)}.`);
  const chromium = findChromium();
  const folder = fileURLToPath(new URL('../../docs/images/', import.meta.url));
  mkdirSync(folder, { recursive: true });
  for (const [name, scheme] of Object.entries(schemes)) {
    const picture = join(folder, `report-${name}.png`);
    takePicture(chromium, pathToFileURL(resolve(page)).href, picture, scheme);
    console.log(picture);
  }
}

function findChromium(): string {
  const asked = process.env.CHROMIUM;
  if (asked && !existsSync(asked)) fail(`CHROMIUM names ${asked}, and there is no such file.`);
  const found = asked ?? usualPlaces.find(place => existsSync(place));
  return (
    found || fail('No Chromium found. Install one (Debian: apt-get install chromium) or set CHROMIUM to its path.')
  );
}

function takePicture(chromium: string, url: string, picture: string, scheme: number): void {
  const profile = mkdtempSync(join(tmpdir(), 'report-pictures-'));
  // Without --no-sandbox Chromium refuses to start as root; the page has no script and no network.
  const flags = [
    '--headless',
    '--no-sandbox',
    '--disable-gpu',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
    '--hide-scrollbars',
    '--force-device-scale-factor=1',
    `--user-data-dir=${profile}`,
    `--blink-settings=preferredColorScheme=${scheme}`,
    `--window-size=${size}`,
    `--screenshot=${picture}`,
  ];
  rmSync(picture, { force: true });
  try {
    execFileSync(chromium, [...flags, url], { stdio: 'pipe', timeout: 60_000 });
  } catch (error) {
    fail(`${chromium} took no picture: ${error instanceof Error ? error.message : error}`);
  } finally {
    rmSync(profile, { recursive: true, force: true });
  }
  if (!existsSync(picture)) fail(`${chromium} ended without writing ${picture}.`);
}

function fail(message: string): never {
  console.error(message);
  process.exit(1);
}

main();
