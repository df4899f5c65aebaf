import {
  CodeLens,
  commands,
  type Disposable,
  env,
  l10n,
  languages,
  Range,
  TabInputTextDiff,
  type TextDocument,
  type TextEditor,
  type Uri,
  ViewColumn,
  WorkspaceEdit,
  window,
  workspace,
} from 'vscode';
import { WorkbenchError } from '../../protocol/errors.ts';
import type { CommandId } from '../contributions/commands.ts';
import { findAgain } from './findAgain.ts';
import { codeOf } from './tasks.ts';
import { createVirtualDocuments, type VirtualDocuments } from './virtualDocuments.ts';

/** An answer beside the editor, and the place it speaks of. */
export interface Answer {
  /** Adds text as it comes. */
  push(text: string): void;
  /** A line below the answer: who gave it, or why it ends. */
  end(note: string): void;
}

/** What was asked about, as it was then. */
export interface Place {
  document: TextDocument;
  range: Range;
  text: string;
}

export interface Answers extends Disposable {
  /** Opens an empty answer beside the editor, under its question. */
  open(title: string, place: Place): Promise<Answer>;
  /** What the commands on an answer do; they take the one in view, or the last. */
  insert(): Promise<void>;
  replace(): Promise<void>;
  copy(): Promise<void>;
  openAsFile(): Promise<void>;
}

const answerScheme = 'multi-lora-answer';

interface Kept {
  text: string;
  place: Place;
}

export function createAnswers(): Answers {
  const documents = createVirtualDocuments(answerScheme);
  const proposals = createVirtualDocuments('multi-lora-proposal');
  const lenses = registerLenses();
  const kept = new Map<string, Kept>();
  let last: Kept | undefined;
  const closing = workspace.onDidCloseTextDocument(({ uri }) => kept.delete(uri.toString()));

  function current(): Kept {
    const shown = window.activeTextEditor?.document.uri;
    const answer = (shown?.scheme === answerScheme && kept.get(shown.toString())) || last;
    if (answer?.text) return answer;
    throw new WorkbenchError(
      'badRequest',
      l10n.t('there is no answer yet'),
      l10n.t('Select code and run “Ask the Experts…” first.'),
    );
  }

  return {
    async open(title, place) {
      const heading = `# ${title}\n\n`;
      const uri = documents.create('Answer.md', `${heading}…`);
      const own: Kept = { text: '', place };
      kept.set(uri.toString(), own);
      last = own;
      await showBeside(uri);
      await commands.executeCommand('setContext', 'multiLora.hasAnswer', true);
      return {
        push(text) {
          own.text += text;
          documents.update(uri, heading + own.text);
        },
        end(note) {
          documents.update(uri, `${heading}${own.text.trimEnd()}\n\n---\n${note}\n`);
        },
      };
    },

    async insert() {
      const { text, place } = current();
      const editor = await showPlace(place);
      const { end } = rangeNow(place);
      await editor.edit(edit => edit.insert(end, `\n${codeOf(text)}`));
    },

    async replace() {
      const { text, place } = current();
      await previewReplacement(proposals, { document: place.document, range: rangeNow(place) }, codeOf(text));
    },

    async copy() {
      await env.clipboard.writeText(codeOf(current().text));
    },

    async openAsFile() {
      const { text, place } = current();
      const document = await workspace.openTextDocument({
        language: place.document.languageId,
        content: `${codeOf(text)}\n`,
      });
      await window.showTextDocument(document);
    },

    dispose: () => [documents, proposals, lenses, closing].forEach(d => d.dispose()),
  };
}

/** What can be done with an answer, above it: an editor without the focus hides the buttons of its title. */
function registerLenses(): Disposable {
  const offered: { title: string; command: CommandId }[] = [
    { title: l10n.t('Insert'), command: 'multiLora.answer.insert' },
    { title: l10n.t('Replace…'), command: 'multiLora.answer.replace' },
    { title: l10n.t('Copy'), command: 'multiLora.answer.copy' },
    { title: l10n.t('New file'), command: 'multiLora.answer.openAsFile' },
  ];
  const top = new Range(0, 0, 0, 0);
  return languages.registerCodeLensProvider(
    { scheme: answerScheme },
    { provideCodeLenses: () => offered.map(command => new CodeLens(top, command)) },
  );
}

/** Beside the editor, which keeps the focus: typing goes on where it was. */
async function showBeside(uri: Uri): Promise<void> {
  const document = await workspace.openTextDocument(uri);
  await window.showTextDocument(document, { viewColumn: ViewColumn.Beside, preserveFocus: true, preview: true });
}

/** Typing goes on while an answer comes, and may have moved what was asked about. */
function rangeNow({ document, range, text }: Place): Range {
  const start = findAgain(text, document.getText(), document.offsetAt(range.start));
  if (start !== undefined) return new Range(document.positionAt(start), document.positionAt(start + text.length));
  throw new WorkbenchError(
    'badRequest',
    l10n.t('What was asked about in {0} has changed.', workspace.asRelativePath(document.uri)),
    l10n.t('Copy the answer, or ask again.'),
  );
}

function showPlace({ document }: Place): Thenable<TextEditor> {
  const open = window.visibleTextEditors.find(e => e.document === document);
  return window.showTextDocument(document, open?.viewColumn ?? ViewColumn.One);
}

/** Shows what a file would become as a difference, and changes it where the user says so. */
async function previewReplacement(
  proposals: VirtualDocuments,
  { document, range }: { document: TextDocument; range: Range },
  replacement: string,
): Promise<void> {
  const before = document.getText();
  const start = document.offsetAt(range.start);
  const end = document.offsetAt(range.end);
  // A selection of whole lines ends with a line break, which the answer's code does not have.
  const closing = before.slice(start, end).endsWith('\n') ? '\n' : '';
  const text = replacement + closing;
  const name = workspace.asRelativePath(document.uri).split('/').at(-1)!;
  const proposal = proposals.create(name, before.slice(0, start) + text + before.slice(end));
  // Not as a preview, which would take the place of the answer.
  await commands.executeCommand('vscode.diff', document.uri, proposal, `${name}: replace with the answer?`, {
    preview: false,
  });
  const answer = await window.showInformationMessage(
    l10n.t('Replace the selection in {0} with the answer?', name),
    l10n.t('Replace'),
    l10n.t('Discard'),
  );
  await closeDifference(proposal);
  if (answer !== l10n.t('Replace')) return;
  if (document.getText() !== before)
    throw new WorkbenchError(
      'badRequest',
      l10n.t('{0} has changed meanwhile.', name),
      l10n.t('Select the text again and ask once more.'),
    );
  const edit = new WorkspaceEdit();
  edit.replace(document.uri, range, text);
  await workspace.applyEdit(edit);
}

async function closeDifference(proposal: Uri): Promise<void> {
  const tabs = window.tabGroups.all.flatMap(group => group.tabs);
  const shown = tabs.filter(
    ({ input }) => input instanceof TabInputTextDiff && input.modified.toString() === proposal.toString(),
  );
  await window.tabGroups.close(shown);
}
