import { l10n, workspace } from 'vscode';
import { WorkbenchError } from '../../protocol/errors.ts';

/** Throws `denied` in a workspace that is not trusted: its recipes start nothing. */
export function requireTrust(): void {
  if (workspace.isTrusted) return;
  throw new WorkbenchError(
    'denied',
    l10n.t('This workspace is not trusted, so nothing of it is trained or evaluated.'),
    l10n.t('Trust it with “Workspaces: Manage Workspace Trust”.'),
  );
}
