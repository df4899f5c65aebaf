import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FrameLocator } from 'playwright-core';
import type { Report } from '../../../src/protocol/report.ts';
import { openByPath, type Workbench } from '../support/workbench.ts';

const patience = { timeout: 180_000 };

/** Opens a report of the workspace in its view, compares it with another, and finds both after a reload. */
export async function opensReport(bench: Workbench, folder: string): Promise<void> {
  const { page } = bench;
  const now = writeReport(folder, 'now', () => {});
  writeReport(folder, 'before', report => {
    for (const score of report.scores) if (score.kind === 'routed') score.correct -= 60;
  });
  await openByPath(bench, 'runs/now/report.json');
  await page.locator('.editor-actions [aria-label^="Open Report"]').first().click(patience);
  const view = reportFrame(bench);
  await view
    .locator('#accuracy table.heat td')
    .filter({ hasText: /^95\.8/ })
    .first()
    .waitFor(patience);
  await bench.picture('view-report-editor');

  await view.getByRole('button', { name: 'Compare with…' }).click(patience);
  const other = page.locator('.quick-input-list .monaco-list-row').filter({ hasText: 'runs/before/report.json' });
  await other.click(patience);
  await page.keyboard.press('Enter');
  await view.locator('#comparison').getByText('▼ −25.0').first().waitFor(patience);
  await bench.picture('view-report-comparison');

  const changed = readReport(now);
  changed.recipe.name = 'evaluated again';
  writeFileSync(now, JSON.stringify(changed));
  await view.getByRole('heading', { name: 'evaluated again', exact: true }).waitFor(patience);

  // Not the browser's own reload, before which the editor has no time to keep its state.
  await bench.command('Developer: Reload Window');
  await reportFrame(bench).locator('#comparison').getByText('▼ −25.0').first().waitFor({ timeout: 180_000 });
}

function reportFrame({ page }: Workbench): FrameLocator {
  return page.frameLocator('iframe.webview.ready').frameLocator('iframe#active-frame');
}

/** The made-up report of the fixtures, changed. Returns its path. */
function writeReport(folder: string, run: string, change: (report: Report) => void): string {
  const report = readReport(new URL('../../fixtures/report/report.json', import.meta.url));
  change(report);
  const path = join(folder, 'runs', run);
  mkdirSync(path, { recursive: true });
  writeFileSync(join(path, 'report.json'), JSON.stringify(report));
  return join(path, 'report.json');
}

function readReport(path: string | URL): Report {
  const report: Report = JSON.parse(readFileSync(path, 'utf8'));
  assert.equal(report.version, 1);
  return report;
}
