import { setImmediate } from 'node:timers/promises';
import { Range, type TextDocument, type TextEditor, Uri, workspace } from 'vscode';
import { wholeHunk } from '../../review/diffHunk.ts';
import { type DiffFile, parseUnifiedDiff } from '../../review/parseUnifiedDiff.ts';
import { codeIn, languageName } from '../ask/tasks.ts';
import type { GitRepository } from './gitRepository.ts';
import type { CommitRange } from './pickCommits.ts';
import type { ReviewedFile } from './reviewFiles.ts';

/** A file to be reviewed, as the editor has it now. */
interface ChangedFile extends ReviewedFile {
  document: TextDocument;
}

export interface Changes {
  /** What they are of, such as `the working tree`. */
  subject: string;
  files: ChangedFile[];
  skipped: { path: string; reason: string }[];
}

/** Languages of the editor that are no program code. */
const notCode = [
  'plaintext markdown restructuredtext latex json jsonc jsonl yaml xml csv tsv log diff properties ini',
  'ignore git-commit git-rebase search-result',
].flatMap(names => names.split(' '));

/** What is not committed: changed files, and those that git does not know yet. */
export async function workingTreeChanges(repository: GitRepository, signal: AbortSignal): Promise<Changes> {
  const diff = await repository.diff(await repository.head(signal), undefined, signal);
  const untracked = await repository.untracked(signal);
  const files = [...(await filesOf(diff)), ...untracked.map((path): DiffFile => ({ path, hunks: [] }))];
  return openFiles('the working tree', repository.root, files, signal);
}

export async function commitChanges(
  repository: GitRepository,
  { from, to, label }: CommitRange,
  signal: AbortSignal,
): Promise<Changes> {
  return openFiles(label, repository.root, await filesOf(await repository.diff(from, to, signal)), signal);
}

/** A file as it is, whatever its language. */
export function fileChanges({ document }: TextEditor): Changes {
  const path = workspace.asRelativePath(document.uri);
  return { subject: path, files: [changedFile(document, path, document.getText())], skipped: [] };
}

/** The selected lines as they are. */
export function selectionChanges({ document, selection }: TextEditor): Changes {
  const path = workspace.asRelativePath(document.uri);
  // A selection of whole lines ends before the first character of the next.
  const last = selection.end.character === 0 && !selection.isEmpty ? selection.end.line - 1 : selection.end.line;
  const text = document.getText(new Range(selection.start.line, 0, last, Number.MAX_SAFE_INTEGER));
  const first = selection.start.line + 1;
  return {
    subject: first > last ? `${path}, line ${first}` : `${path}, lines ${first} to ${last + 1}`,
    files: [changedFile(document, path, text, first)],
    skipped: [],
  };
}

/** A file, or lines of it. */
export interface Place {
  document: TextDocument;
  range?: Range;
}

/** Files and parts of files as they are. */
export function placeChanges(places: readonly Place[]): Changes {
  const files = places.map(({ document, range }) => {
    const path = workspace.asRelativePath(document.uri);
    if (!range) return changedFile(document, path, document.getText());
    const whole = new Range(range.start.line, 0, range.end.line, Number.MAX_SAFE_INTEGER);
    return changedFile(document, path, document.getText(whole), range.start.line + 1);
  });
  return { subject: files.map(file => file.path).join(', '), files, skipped: [] };
}

/** A long diff is read in turns, so that the editor's other extensions have theirs. */
async function filesOf(diff: string): Promise<DiffFile[]> {
  const files: DiffFile[] = [];
  for (const file of parseUnifiedDiff(diff)) {
    files.push(file);
    await setImmediate();
  }
  return files;
}

async function openFiles(subject: string, root: Uri, files: DiffFile[], signal: AbortSignal): Promise<Changes> {
  const changes: Changes = { subject, files: [], skipped: [] };
  for (const file of files) {
    signal.throwIfAborted();
    const opened = file.skipped ?? (await openFile(root, file));
    if (typeof opened === 'string') changes.skipped.push({ path: file.path, reason: opened });
    else changes.files.push(opened);
  }
  return changes;
}

/** The file in the editor, or why it is left out. */
async function openFile(root: Uri, { path, hunks }: DiffFile): Promise<ChangedFile | string> {
  // One that is gone since, binary, or too large is refused by the editor, which says why.
  const opened = await workspace.openTextDocument(Uri.joinPath(root, path)).then(
    document => document,
    (error: Error) => error.message,
  );
  if (typeof opened === 'string') return opened;
  if (notCode.includes(opened.languageId)) return `${opened.languageId} is not program code`;
  const file = changedFile(opened, path, opened.getText());
  return hunks.length > 0 ? { ...file, hunks } : file;
}

function changedFile(document: TextDocument, path: string, text: string, first = 1): ChangedFile {
  const { languageId } = document;
  const lines = document.getText().split(/\r?\n/);
  const hunks = [wholeHunk(text.split(/\r?\n/), first)];
  return { document, path, code: codeIn(languageName(languageId)), languageId, lines, hunks };
}
