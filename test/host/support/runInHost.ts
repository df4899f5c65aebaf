import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { build } from 'esbuild';
import { temporaryFolder } from '../../support/temporaryFolder.ts';
import type { SuiteResult } from '../inHost/suite.ts';
import type { Editor } from './installEditor.ts';
import { openWorkbench, type WorkbenchOptions } from './workbench.ts';

const longest = 240_000;

/** Runs a suite of test/host/inHost inside the extension host, with the real `vscode`; gives what each test came to, and what the user was told. */
export async function runInHost(
  editor: Editor,
  suite: string,
  options: Omit<WorkbenchOptions, 'suite' | 'onSuiteEnd'>,
): Promise<{ results: SuiteResult[]; notifications: string[] }> {
  const folder = temporaryFolder();
  const outfile = join(folder, 'suite.cjs');
  await build({
    entryPoints: [new URL(`../inHost/${suite}`, import.meta.url).pathname],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    external: ['vscode'],
    logLevel: 'warning',
  });
  const resultFile = join(folder, 'results.json');
  let isOver = false;
  const { page, close } = await openWorkbench(editor, {
    ...options,
    env: { ...options.env, SUITE_RESULTS: resultFile },
    suite: outfile,
    onSuiteEnd: () => {
      isOver = true;
    },
  });
  const until = Date.now() + longest;
  while (!isOver && Date.now() < until) await delay(100);
  const notifications = await page.locator('.notification-list-item-message').allInnerTexts();
  await close();
  // The suite writes them itself: they prove that it ran.
  return { results: JSON.parse(readFileSync(resultFile, 'utf8')) as SuiteResult[], notifications };
}
