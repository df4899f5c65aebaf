import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openByPath, type Workbench } from '../../test/extension/support/workbench.ts';

const patience = { timeout: 120_000 };
const prompt = 'Write Python code to solve quadratic equations and explain the math';
const themes = [
  { name: 'light', id: 'Default Light Modern', mark: '.vs' },
  { name: 'dark', id: 'Default Dark Modern', mark: '.vs-dark' },
];

/** The blend lab and the report of an experiment that has been run whole, each in dark and light. */
export async function viewsInEditor(
  bench: Workbench,
  folder: string,
  take: (name: string) => Promise<void>,
): Promise<void> {
  const { page } = bench;
  const view = page.frameLocator('iframe.webview.ready').frameLocator('iframe#active-frame');
  await bench.command('View: Close All Editors');
  await bench.command('View: Hide Secondary Side Bar');
  await bench.command('View: Toggle Primary Side Bar Visibility');

  await bench.command('Multi-LoRA: Open Blend Lab');
  await view.getByRole('textbox', { name: 'Prompt' }).fill(prompt);
  await view.locator('.route').getByText('Router: ').waitFor(patience);
  await view.getByRole('checkbox', { name: 'Show which expert pulled each token' }).click();
  await view.getByRole('listbox', { name: 'Tokens of the answer' }).nth(1).waitFor(patience);
  await inThemes(bench, folder, theme => take(`blend-lab-${theme}`));
  await bench.command('View: Close All Editors');

  await openByPath(bench, 'runs/experts/report.json');
  await page.locator('.editor-actions [aria-label^="Open Report"]').first().click(patience);
  await view.locator('#accuracy table.heat').first().waitFor(patience);
  await inThemes(bench, folder, theme => take(`report-view-${theme}`));
}

async function inThemes({ page }: Workbench, folder: string, take: (theme: string) => Promise<void>): Promise<void> {
  mkdirSync(join(folder, '.vscode'), { recursive: true });
  for (const { name, id, mark } of themes) {
    writeFileSync(join(folder, '.vscode', 'settings.json'), JSON.stringify({ 'workbench.colorTheme': id }));
    await page.locator(`.monaco-workbench${mark}`).waitFor(patience);
    // The view hears of the theme after the window.
    await page.waitForTimeout(500);
    await page.mouse.move(0, 0);
    await take(name);
  }
}
