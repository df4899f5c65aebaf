import type { Locator, Page } from 'playwright-core';
import { appears, type Workbench } from './workbench.ts';

/** The machine may be busy with other tests; nothing here asserts a time. */
const patience = { timeout: 180_000 };

/** Opens the chat with @experts in its input, where it stays. */
export async function openChat(bench: Workbench): Promise<void> {
  const experts = bench.page.locator('.interactive-input-editor').getByText('@experts');
  const until = Date.now() + patience.timeout;
  // A view that is still being put together may lose what it was opened with.
  do await bench.command('Multi-LoRA: Chat with the Experts');
  while (!(await appears(experts, 30_000)) && Date.now() < until);
  await experts.waitFor();
}

/** Sends a message to @experts; gives the answer once it is whole. */
export async function ask(bench: Workbench, prompt: string): Promise<Locator> {
  const { page } = bench;
  await typeMessage(bench, prompt);
  await page.keyboard.press('Enter');
  const answer = await answerTo(page, prompt);
  // The line below the answer is its end.
  await answer.getByText(/\d+ tokens?\b/).waitFor(patience);
  return answer;
}

/** Writes to @experts, which stays in the input. */
export async function typeMessage({ page }: Workbench, text: string): Promise<void> {
  // What something under the mouse is called would be in front of the input.
  await page.mouse.move(0, 0);
  await page.locator('.interactive-input-editor').last().click(patience);
  await page.keyboard.type(text, { delay: 10 });
}

/** The answer to a prompt. The list's rows are in no order in the page: their indices say which follows which. */
export async function answerTo(page: Page, prompt: string): Promise<Locator> {
  const rows = page.locator('.interactive-session .monaco-list-row');
  const request = rows.filter({ has: page.locator('.interactive-request', { hasText: prompt }) }).first();
  await request.waitFor(patience);
  const index = Number(await request.getAttribute('data-index'));
  return page.locator(`.interactive-session .monaco-list-row[data-index="${index + 1}"] .value`);
}
