import type { FrameLocator, Locator } from 'playwright-core';
import { appears, type Workbench } from './workbench.ts';

const patience = { timeout: 240_000 };

/** Opens the recipe that is shown as text as a notebook, by the button in its title bar. */
export async function openAsNotebook(bench: Workbench): Promise<void> {
  await titleButton(bench, 'Open as Notebook').click(patience);
  await bench.page.locator('.notebookOverlay .cell-list-container .code-cell-row').first().waitFor(patience);
}

/** A button in the title bar of the active editor. */
export function titleButton({ page }: Workbench, name: string): Locator {
  return page.locator('.editor-group-container.active .editor-actions').getByLabel(name).first();
}

/** The cell with this text, scrolled to: those far from what is shown are not in the page. */
export async function cellWith({ page }: Workbench, text: string): Promise<Locator> {
  const cell = page.locator('.notebookOverlay .code-cell-row').filter({ hasText: text }).first();
  // At its edge: in the middle outputs may lie above it.
  const list = (await page.locator('.notebookOverlay .cell-list-container').boundingBox(patience))!;
  await page.mouse.move(list.x + 8, list.y + list.height / 2);
  await page.mouse.wheel(0, -100_000);
  for (let i = 0; i < 40 && (await cell.count()) === 0; i++) {
    await page.mouse.wheel(0, 300);
    await page.waitForTimeout(300);
  }
  await cell.scrollIntoViewIfNeeded(patience);
  return cell;
}

/** Puts the cursor into a cell. */
export async function clickInto(cell: Locator): Promise<void> {
  const until = Date.now() + patience.timeout;
  // The list may scroll while it is clicked on. Then the click falls beside the text, and keys are commands of the notebook.
  do {
    // At its beginning: the lines are far wider than what is shown, and their middle would be scrolled to.
    await cell.locator('.monaco-editor .view-lines').click({ ...patience, position: { x: 10, y: 8 } });
  } while (!(await appears(cell.locator('.monaco-editor.focused'), 5000)) && Date.now() < until);
}

/** Puts the cursor into a cell and runs it. */
export async function runCell(bench: Workbench, text: string): Promise<void> {
  await clickInto(await cellWith(bench, text));
  await bench.command('Notebook: Execute Cell');
}

/** The page in which the editor draws outputs. */
export function outputPage({ page }: Workbench): FrameLocator {
  return page
    .locator('.notebookOverlay iframe.webview.ready')
    .first()
    .contentFrame()
    .locator('iframe#active-frame')
    .contentFrame();
}
