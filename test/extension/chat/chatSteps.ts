import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { untilWithin } from '../../support/untilWithin.ts';
import { answerTo, ask, typeMessage } from '../support/chat.ts';
import { openByPath, type Workbench } from '../support/workbench.ts';

const patience = { timeout: 180_000 };
const until = untilWithin(patience.timeout);

/** Each slash command goes to whom it names; those about code say that nobody here was trained for them. */
export async function slashCommands(bench: Workbench): Promise<void> {
  const asked: [string, RegExp][] = [
    ['/math What is 5 + 4?', /^math\n/],
    ['/code Write a function that halves n.', /^code\n/],
    ['/qa Ann is at home. Where is Ann?', /^qa\n/],
    ['/expert qa Ben is at work. Where is Ben?', /^qa\n/],
    ['/blend review What is in the box?', /^review\n/],
    ['/blend math=0.5,qa=0.5 How many boxes?', /^math 0\.50 · qa 0\.50\n/],
  ];
  for (const [prompt, who] of asked) assert.match(await (await ask(bench, prompt)).innerText(), who, prompt);
  await openByPath(bench, 'sum.js');
  await bench.page.keyboard.press('Control+A');
  for (const [prompt, who] of [
    ['/explain In one sentence.', /No expert here was trained to explain code, and the demonstration base cannot\./],
    ['/review Be strict.', /No expert here was trained on reviews.* Qwen2\.5-Coder can review/],
  ] as const) {
    await refused(bench, prompt, who);
  }
  await bench.picture('chat-review');
}

/** What no expert was trained for is not answered by the demonstration base: it says what it is for. */
export async function refusesOutside(bench: Workbench): Promise<void> {
  await refused(bench, 'What is the capital of France?', /demonstration base of .* parameters\..*trained for: /s);
  await bench.picture('chat-outside');
}

async function refused(bench: Workbench, prompt: string, why: RegExp): Promise<void> {
  await typeMessage(bench, prompt);
  await bench.page.keyboard.press('Enter');
  const answer = await answerTo(bench.page, prompt);
  await answer.getByRole('button', { name: 'Get a Base Model' }).first().waitFor(patience);
  // The editor joins words with spaces of its own.
  assert.match((await answer.innerText()).replace(/\s+/g, ' '), why, prompt);
}

/** A file that is named with # goes along as far as it fits, and the answer says how far that was. */
export async function attachedFile(bench: Workbench): Promise<void> {
  const { page } = bench;
  await typeMessage(bench, 'What is in #long.js');
  await page.locator('.suggest-widget .monaco-list-row').filter({ hasText: 'long.js' }).first().click(patience);
  await page.keyboard.type('now?', { delay: 10 });
  await page.keyboard.press('Enter');
  const answer = await answerTo(page, 'What is in');
  await answer.getByText(/\d+ tokens?\b/).waitFor(patience);
  await bench.picture('chat-attached');
  // The editor joins words with spaces of its own.
  const text = (await answer.innerText()).replace(/\s+/g, ' ');
  assert.match(text, / Of long\.js the first \d+ of 301 lines were read\. /);
}

/** The same question to an expert that did not answer it. */
export async function followUp(bench: Workbench): Promise<void> {
  await ask(bench, 'What is 7 + 2?');
  await bench.page.locator('.interactive-session-followups').getByText('Ask code instead').click(patience);
  const answer = await answerTo(bench.page, '/expert code What is 7 + 2?');
  await answer.getByText(/\d+ tokens?\b/).waitFor(patience);
  assert.match(await answer.innerText(), /^code\n/);
}

/** What was kept of answers can be seen, and is gone when its user says so. */
export async function feedbackIsDeleted(bench: Workbench, folder: string): Promise<void> {
  const { page } = bench;
  const file = join(folder, '.multi-lora', 'feedback.jsonl');
  await bench.command('Multi-LoRA: Open Collected Feedback');
  await page.locator('.tab.active').filter({ hasText: 'feedback.jsonl' }).waitFor(patience);
  assert.match(readFileSync(file, 'utf8'), /"helpful":true/);
  await bench.command('Multi-LoRA: Delete Collected Feedback…');
  await page.locator('.monaco-dialog-box').getByText('Delete', { exact: true }).click(patience);
  await page.locator('.monaco-dialog-box').waitFor({ ...patience, state: 'detached' });
  await until(() => !existsSync(file));
}
