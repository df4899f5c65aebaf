import { untilWithin } from '../../support/untilWithin.ts';
import type { Workbench } from './workbench.ts';

/** The machine may be busy with other tests; nothing here asserts a time. */
const patience = { timeout: 180_000 };
const until = untilWithin(patience.timeout);

/** Answers the editor's own dialog for folders, once it no longer changes what stands in it. */
export async function chooseFolder({ page }: Workbench, folder: string): Promise<void> {
  const input = page.locator('.quick-input-widget input.input');
  const ok = page.locator('.quick-input-widget .monaco-button').first();
  await ok.waitFor(patience);
  const typed = `${folder}/`;
  let settled = 0;
  await until(async () => {
    const isThere = (await input.inputValue()) === typed;
    settled = isThere ? settled + 1 : 0;
    if (!isThere) await input.fill(typed);
    return settled === 3;
  });
  await ok.click(patience);
}
