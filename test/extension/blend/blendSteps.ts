import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Workbench } from '../support/workbench.ts';

const patience = { timeout: 180_000 };

/** Moves a slider and sees the text change; saves the blend in the recipe. */
export async function blendLabAnswers(bench: Workbench, folder: string): Promise<void> {
  const { page } = bench;
  await bench.command('Multi-LoRA: Open Blend Lab');
  const lab = page.frameLocator('iframe.webview.ready').frameLocator('iframe#active-frame');
  await lab.getByRole('textbox', { name: 'Prompt' }).fill('Write a JavaScript function addSeven(n) that adds 7.');
  const answer = lab.getByRole('region', { name: 'Answer of blend A' });
  const text = async () => {
    await lab
      .locator('.answer[aria-busy=true]')
      .first()
      .waitFor({ ...patience, state: 'detached' });
    return answer.innerText();
  };
  await lab.locator('.route').getByText('Router: code 1.00').waitFor(patience);
  const ofCode = await text();
  assert.ok(ofCode.length > 10, ofCode);
  const slider = lab.getByRole('slider', { name: 'math in blend A' });
  await slider.focus();
  await page.keyboard.press('End');
  const ofMath = await text();
  assert.notEqual(ofMath, ofCode);
  await lab.getByRole('checkbox', { name: 'Show which expert pulled each token' }).click();
  await lab.getByRole('listbox', { name: 'Tokens of the answer' }).first().waitFor(patience);
  await bench.picture('view-blend');
  const pane = lab.getByRole('article', { name: 'Blend A' });
  await pane.getByRole('button', { name: 'Save in the Recipe…' }).click();
  const input = page.locator('.quick-input-widget input.input');
  await input.waitFor(patience);
  await input.fill('sums');
  await page.keyboard.press('Enter');
  const recipe = join(folder, 'three.lora.json');
  await lab.getByText('Saved as sums: math 1.00.').waitFor(patience);
  assert.match(readFileSync(recipe, 'utf8'), /"sums": \{ "math": 1 \}/);

  // Not the browser's own reload, before which the editor has no time to keep its state.
  await bench.command('Developer: Reload Window');
  await lab.getByRole('listbox', { name: 'Tokens of the answer' }).first().waitFor({ timeout: 180_000 });
  assert.equal(await slider.inputValue(), '1');
}
