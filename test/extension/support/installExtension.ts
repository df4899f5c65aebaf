import { spawnSync } from 'node:child_process';
import type { Editor } from './installEditor.ts';
import { profileFolders } from './server.ts';

/** Installs a VSIX into the profile that an editor with this data folder starts with. */
export function installExtension(editor: Editor, vsix: string, dataFolder: string): void {
  const { user, extensions } = profileFolders(dataFolder);
  const args = ['--config', '/dev/null', '--user-data-dir', user, '--extensions-dir', extensions];
  const { status, stderr } = spawnSync(editor.node, [editor.entry, ...args, '--install-extension', vsix], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`the extension was not installed: ${stderr}`);
}
