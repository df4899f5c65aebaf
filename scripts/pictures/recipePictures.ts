import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { copyExample } from '../../test/extension/support/exampleWorkspace.ts';
import { cellWith, openAsNotebook, outputPage, runCell } from '../../test/extension/support/notebookPage.ts';
import { openByPath, type Workbench } from '../../test/extension/support/workbench.ts';

const patience = { timeout: 900_000 };
/** Enough for losses that fall and for an accuracy that is not zero. */
const size = { steps: 160, limit: 24 };

/** Mistakes of each kind that a newcomer makes. */
const wrong = `{
  // What one finds out while typing, not after an hour of training.
  "lora": { "rank": 16 },
  "training": { "learningrate": 2e-3, "steps": 500 },
  "experts": {
    "math": { "data": { "train": "math/train.jsonl" } },
    "code": { "data": { "train": "code/trian.jsonl" }, "lora": { "rank": 8 } },
    "own": { "data": { "train": "own.jsonl" }, "lora": { "targets": ["q_proj", "c_attn"] } }
  },
  "blends": { "explained": { "code": 0.6, "mth": 0.4 }, "unlearn": { "math": -1, "code": 1 } },
  "merges": { "both": { "method": "ties", "weights": { "math": 1, "code": 1 } } }
}
`;

/** The example's files, and those with mistakes. */
export function recipePicturesFolder(folder: string): void {
  copyExample(folder, size);
  writeFileSync(join(folder, 'wrong.lora.json'), wrong);
  writeFileSync(join(folder, 'own.jsonl'), '{"prompt": "a", "completion": "b"}\n{"prompt": "c"}\n');
}

/** Recipes as text, with what is wrong with one, and as a notebook that has been run. */
export async function recipePictures(bench: Workbench, take: (name: string) => Promise<void>): Promise<void> {
  const { page } = bench;
  await bench.command('View: Hide Secondary Side Bar');
  await openByPath(bench, 'wrong.lora.json');
  await page.locator('.squiggly-error').nth(5).waitFor(patience);
  await bench.command('View: Toggle Problems');
  await page.locator('.markers-panel').getByText("field 'completion' is missing").first().waitFor(patience);
  await bench.command('View: Toggle Primary Side Bar Visibility');
  await page.mouse.move(0, 0);
  await take('recipe-problems');
  await bench.command('View: Toggle Problems');
  await bench.command('View: Close All Editors');

  await openByPath(bench, 'experts.lora.json');
  const name = page.locator('.view-line span span').getByText('"math"', { exact: true }).first();
  await name.hover(patience);
  await page
    .locator('.monaco-hover')
    .getByText(/tokens per epoch, about/)
    .waitFor(patience);
  await take('recipe-hover');

  await openAsNotebook(bench);
  const train = '"do": "train", "experts": ["math"]';
  await runCell(bench, train);
  const output = outputPage(bench);
  await output.getByText('Trained math').first().waitFor(patience);
  await runCell(bench, '"do": "evaluate", "sets": ["math"]');
  await output.getByText('Report: ').first().waitFor(patience);
  await cellWith(bench, train);
  await page.mouse.wheel(0, 250);
  await page.keyboard.press('Escape');
  await page.waitForTimeout(1000);
  await take('recipe-notebook');
}
