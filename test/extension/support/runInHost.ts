import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runTests } from '@vscode/test-electron';
import { build } from 'esbuild';
import { temporaryFolder } from '../../support/temporaryFolder.ts';
import type { SuiteResult } from '../inHost/suite.ts';
import type { Editor } from './installEditor.ts';
import { profileFolders, writeUserSettings } from './server.ts';
import { extensionFolder, type WorkbenchOptions } from './workbench.ts';

/** A desktop VS Code to run the suites in, such as `/usr/bin/code`; without it the editor that the tests install. */
export const desktopEditor = process.env.VSCODE_PATH;

const shim = fileURLToPath(new URL('codeShim.mjs', import.meta.url));

export interface SuiteRun {
  results: SuiteResult[];
  /** What the user was told; unknown of a desktop editor, whose window cannot be read. */
  notifications: string[];
}

/**
 * Runs a suite of test/extension/inHost inside the extension host, with the real `vscode`, in a profile of its own: in the
 * desktop editor where there is one, else in `editor`.
 */
export async function runInHost(
  editor: Editor,
  suite: string,
  options: Omit<WorkbenchOptions, 'suite' | 'onSuiteEnd' | 'dataFolder' | 'extension'>,
): Promise<SuiteRun> {
  const folder = temporaryFolder();
  const extensionTestsPath = join(folder, 'suite.cjs');
  await build({
    entryPoints: [fileURLToPath(new URL(`../inHost/${suite}`, import.meta.url))],
    outfile: extensionTestsPath,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    external: ['vscode'],
    logLevel: 'warning',
  });
  const [resultFile, messageFile] = [join(folder, 'results.json'), join(folder, 'messages.json')];
  const dataFolder = join(folder, 'data');
  writeUserSettings({ ...options, dataFolder });
  const { user, extensions } = profileFolders(dataFolder);
  await runTests({
    vscodeExecutablePath: desktopEditor ?? shim,
    extensionDevelopmentPath: extensionFolder,
    extensionTestsPath,
    launchArgs: [options.folder, `--user-data-dir=${user}`, `--extensions-dir=${extensions}`],
    extensionTestsEnv: {
      ...options.env,
      SUITE_EDITOR: JSON.stringify(editor),
      SUITE_RESULTS: resultFile,
      SUITE_MESSAGES: messageFile,
      ...(options.isTrusted === false && { SUITE_RESTRICTED: '1' }),
    },
  }).catch(error => {
    // What a suite that was ended came to is told all the same.
    if (!existsSync(resultFile)) throw error;
  });
  const read = (path: string) => JSON.parse(readFileSync(path, 'utf8'));
  // The suite writes its results itself: they prove that it ran.
  return { results: read(resultFile), notifications: existsSync(messageFile) ? read(messageFile) : [] };
}
