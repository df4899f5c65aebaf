import { appendFile, mkdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { l10n, Uri, window, workspace } from 'vscode';
import { WorkbenchError } from '../../protocol/errors.ts';
import { readSetting } from '../services/settings.ts';

/** What is kept of an answer, in the result's metadata and with the buttons below it. */
export interface RatedAnswer {
  prompt: string;
  answer: string;
  weights: Record<string, number>;
}

/** Appends a rated answer to the workspace's file, where its user has opted in. Its rows can be trained on as they are. */
export async function keepFeedback(rated: RatedAnswer, helpful: boolean, now: () => Date): Promise<void> {
  if (!readSetting('feedback.collect')) return;
  const path = feedbackFile();
  const row = {
    prompt: rated.prompt,
    completion: rated.answer,
    helpful,
    weights: rated.weights,
    at: now().toISOString(),
  };
  await mkdir(dirname(path), { recursive: true });
  await appendFile(path, `${JSON.stringify(row)}\n`);
}

export async function openFeedback(): Promise<void> {
  const uri = Uri.file(feedbackFile());
  if (await isThere(uri)) await window.showTextDocument(uri);
  else
    await window.showInformationMessage(
      readSetting('feedback.collect')
        ? l10n.t('No feedback has been collected in this workspace yet: rate an answer of @experts.')
        : l10n.t('No feedback is collected: turn on the setting multiLora.feedback.collect to keep rated answers.'),
    );
}

export async function deleteFeedback(): Promise<void> {
  const path = feedbackFile();
  if (!(await isThere(Uri.file(path)))) {
    await window.showInformationMessage(l10n.t('There is no collected feedback in this workspace.'));
    return;
  }
  const answer = await window.showWarningMessage(l10n.t('Delete {0}?', path), { modal: true }, l10n.t('Delete'));
  if (answer === l10n.t('Delete')) await rm(path, { force: true });
}

function feedbackFile(): string {
  const [folder] = workspace.workspaceFolders ?? [];
  if (!folder)
    throw new WorkbenchError('notFound', l10n.t('feedback is kept in a workspace'), l10n.t('Open a folder first.'));
  return join(folder.uri.fsPath, '.multi-lora', 'feedback.jsonl');
}

function isThere(uri: Uri): Promise<boolean> {
  return Promise.resolve(
    workspace.fs.stat(uri).then(
      () => true,
      () => false,
    ),
  );
}
