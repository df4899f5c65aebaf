import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { untilWithin } from '../../support/untilWithin.ts';
import { notification } from '../support/notifications.ts';
import { offeredAction, openByPath, type Workbench } from '../support/workbench.ts';

const patience = { timeout: 180_000 };
const until = untilWithin(patience.timeout);

/** The light bulb of a selection asks; the router finds the expert, and its answer is copied, inserted, opened. */
export async function asksFromTheLightBulb(bench: Workbench, folder: string): Promise<void> {
  const { page } = bench;
  // Not JavaScript, whose own actions are waited for as long as its server takes to start.
  await openByPath(bench, 'twice.py');
  const action = await offeredAction(page, 'Ask the experts…', () => page.keyboard.press('Control+A'));
  await action.click();
  const input = page.locator('.quick-input-widget input.input');
  await input.waitFor(patience);
  await input.fill('Write a JavaScript function addNine(n) that adds 9.');
  await page.keyboard.press('Enter');
  await page.locator('.editor-instance').getByText('Routed to code').waitFor(patience);
  await bench.picture('ask');

  await lens(bench, 'Copy');
  const copied = await clipboard(bench, text => text !== '');
  await lens(bench, 'Insert');
  // The answer was in front: saving it would ask for a name.
  await page.locator('.editor-group-container.active .tab.active').filter({ hasText: 'twice.py' }).waitFor(patience);
  await page.keyboard.press('Control+S');
  const before = 'def twice(n):\n    return 2 * n\n';
  const saved = () => readFileSync(join(folder, 'twice.py'), 'utf8').replaceAll('\r\n', '\n');
  // A file that is being written is empty for a moment.
  await until(() => ![before, ''].includes(saved()));
  assert.equal(saved(), `${before}\n${copied}`);
  await lens(bench, 'New file');
  await page.locator('.tab.active').filter({ hasText: 'Untitled' }).waitFor(patience);
  await bench.command('View: Revert and Close Editor');
}

/** The example's code expert was not trained to document and to test. */
export async function tasksOfNobody(bench: Workbench): Promise<void> {
  const { page } = bench;
  for (const [command, task] of [
    ['Document the Selection', 'document code'],
    ['Write Tests for the Selection', 'write tests'],
  ] as const) {
    await openByPath(bench, 'twice.py');
    await page.keyboard.press('Control+A');
    await bench.command(`Multi-LoRA: ${command}`);
    await notification(bench, `No expert here was trained to ${task}, and the demonstration base cannot.`);
  }
}

async function lens({ page }: Workbench, title: string): Promise<void> {
  await page.locator('.codelens-decoration').getByText(title, { exact: true }).first().click(patience);
}

async function clipboard({ page }: Workbench, isIt: (text: string) => boolean): Promise<string> {
  const until = Date.now() + patience.timeout;
  for (;;) {
    const text = await page.evaluate('navigator.clipboard.readText()').then(String);
    if (isIt(text) || Date.now() > until) return text;
    await page.waitForTimeout(100);
  }
}
