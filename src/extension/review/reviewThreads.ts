import {
  CommentMode,
  type CommentThread,
  CommentThreadCollapsibleState,
  CommentThreadState,
  comments,
  type Disposable,
  l10n,
  MarkdownString,
  Range,
  type TextDocument,
  type Uri,
  WorkspaceEdit,
  workspace,
} from 'vscode';
import { WorkbenchError } from '../../protocol/errors.ts';
import { placeLine } from '../../review/diffHunk.ts';
import type { Finding, Severity } from '../../review/findings.ts';
import type { Dismissed } from './dismissed.ts';

/** The findings of the last review, as comments on their lines. */
export interface ReviewThreads extends Disposable {
  /**
   * Puts a finding on the line with this text that is nearest to `number`, from 1, unless there is none, or the finding was
   * resolved before.
   */
  add(
    document: TextDocument,
    line: { number: number; text: string },
    finding: Finding,
    reviewer: string,
  ): 'shown' | 'moved' | 'dismissed';
  /** Settles a finding, and keeps it from being shown again. */
  resolve(thread: CommentThread): Promise<void>;
  reopen(thread: CommentThread): Promise<void>;
  /** Puts the replacement in the place of the line, and resolves. */
  apply(thread: CommentThread): Promise<void>;
  /** Those that are shown, in the order in which they were found. */
  list(): FoundAt[];
  clear(): void;
}

/** A finding where it stands. */
export interface FoundAt {
  uri: Uri;
  /** From 0. */
  line: number;
  finding: Finding;
}

/** A finding, and the line that it speaks of as it was reviewed. */
interface Kept {
  finding: Finding;
  text: string;
}

const icons: Record<Severity, string> = { error: 'error', warning: 'warning', info: 'info' };

export function createReviewThreads(dismissed: Dismissed): ReviewThreads {
  const controller = comments.createCommentController('multiLora.review', 'Review');
  const kept = new Map<CommentThread, Kept>();

  function settle(thread: CommentThread, state: CommentThreadState): void {
    const isOpen = state === CommentThreadState.Unresolved;
    thread.state = state;
    thread.collapsibleState = CommentThreadCollapsibleState[isOpen ? 'Expanded' : 'Collapsed'];
    const hasSuggestion = kept.get(thread)?.finding.replacement !== undefined;
    // The menus of package.json look for these words.
    thread.contextValue = [isOpen ? 'open' : 'resolved', ...(isOpen && hasSuggestion ? ['suggestion'] : [])].join(' ');
  }

  const named = (thread: CommentThread): [path: string, text: string, finding: Finding] => {
    const { text, finding } = kept.get(thread)!;
    return [workspace.asRelativePath(thread.uri), text, finding];
  };

  return {
    add(document, { number, text }, finding, reviewer) {
      const line = currentLine(document, number, text);
      if (line === undefined) return 'moved';
      if (dismissed.has(workspace.asRelativePath(document.uri), text, finding)) return 'dismissed';
      const thread = controller.createCommentThread(document.uri, document.lineAt(line).range, [
        { author: { name: reviewer }, mode: CommentMode.Preview, body: bodyOf(finding, text) },
      ]);
      thread.label = l10n.t('Line {0}: {1}', line + 1, finding.severity);
      thread.canReply = false;
      kept.set(thread, { finding, text });
      settle(thread, CommentThreadState.Unresolved);
      return 'shown';
    },
    async resolve(thread) {
      settle(thread, CommentThreadState.Resolved);
      await dismissed.add(...named(thread));
    },
    async reopen(thread) {
      settle(thread, CommentThreadState.Unresolved);
      await dismissed.remove(...named(thread));
    },
    async apply(thread) {
      const { finding, text } = kept.get(thread)!;
      const document = await workspace.openTextDocument(thread.uri);
      const line = currentLine(document, (thread.range?.start.line ?? 0) + 1, text);
      if (line === undefined)
        throw new WorkbenchError(
          'badRequest',
          l10n.t('The line that this finding is about has changed.'),
          l10n.t('Change it by hand, or review again.'),
        );
      const edit = new WorkspaceEdit();
      edit.replace(document.uri, ...replacementFor(document, line, finding.replacement!));
      if (await workspace.applyEdit(edit)) settle(thread, CommentThreadState.Resolved);
    },
    list: () => [...kept].map(([{ uri, range }, { finding }]) => ({ uri, line: range?.start.line ?? 0, finding })),
    clear() {
      for (const thread of kept.keys()) thread.dispose();
      kept.clear();
    },
    dispose: () => controller.dispose(),
  };
}

/** The line's index in the document as it is now. */
function currentLine(document: TextDocument, number: number, text: string): number | undefined {
  const found = placeLine(text, number, document.lineCount, n => document.lineAt(n - 1).text);
  return found === undefined ? undefined : found - 1;
}

/** What is replaced, and by what: the line keeps its indentation, and an empty replacement takes it away. */
function replacementFor(document: TextDocument, line: number, replacement: string): [Range, string] {
  const { range, rangeIncludingLineBreak, firstNonWhitespaceCharacterIndex } = document.lineAt(line);
  if (replacement !== '') return [range.with(range.start.translate(0, firstNonWhitespaceCharacterIndex)), replacement];
  const isLast = line === document.lineCount - 1;
  const before = isLast && line > 0 ? document.lineAt(line - 1).range.end : range.start;
  return [new Range(before, rangeIncludingLineBreak.end), ''];
}

function bodyOf({ severity, message, replacement }: Finding, text: string): MarkdownString {
  const body = new MarkdownString(`$(${icons[severity]}) `, true);
  body.appendText(message.charAt(0).toUpperCase() + message.slice(1));
  if (replacement !== undefined)
    body.appendCodeblock([`- ${text.trim()}`, ...(replacement ? [`+ ${replacement}`] : [])].join('\n'), 'diff');
  return body;
}
