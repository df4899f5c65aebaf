import { type ChatPromptReference, Location, Uri, window, workspace } from 'vscode';
import type { ContextPiece } from '../../nn/tokenizer/fitContext.ts';

export interface AttachedContext {
  pieces: (ContextPiece & { source?: Uri | Location })[];
  /** The language of the first piece of a file. */
  languageId: string;
}

/** Larger files are cut before they are read: no base's window holds more. */
const mostCharacters = 400_000;

/**
 * The text of what is attached to a message. What the editor adds by itself (the open file) counts only where the
 * question is about code: it would crowd the rest out of a small window.
 */
export async function attachedContext(
  references: readonly ChatPromptReference[],
  aboutCode: boolean,
): Promise<AttachedContext> {
  const used = references.filter(r => aboutCode || !r.id.startsWith('vscode.implicit'));
  const pieces: AttachedContext['pieces'] = [];
  let languageId = '';
  for (const { id, value } of used) {
    if (typeof value === 'string') pieces.push({ label: id, text: value });
    else if (value instanceof Location || value instanceof Uri) {
      const uri = value instanceof Location ? value.uri : value;
      const document = await workspace.openTextDocument(uri);
      languageId ||= document.languageId;
      const text = value instanceof Location ? document.getText(value.range) : document.getText();
      const lines = value instanceof Location ? ` ${value.range.start.line + 1}–${value.range.end.line + 1}` : '';
      pieces.push({ label: workspace.asRelativePath(uri) + lines, text: text.slice(0, mostCharacters), source: value });
    }
  }
  const editor = window.activeTextEditor;
  if (pieces.length === 0 && aboutCode && editor && !editor.selection.isEmpty) {
    const { document, selection } = editor;
    languageId = document.languageId;
    const { start, end } = selection;
    pieces.push({
      label: `${workspace.asRelativePath(document.uri)} ${start.line + 1}–${end.line + 1}`,
      text: document.getText(selection).slice(0, mostCharacters),
      source: new Location(document.uri, selection),
    });
  }
  return { pieces, languageId };
}

/** The message with names where it says `#file:…`: the text itself goes before the question. */
export function withoutHashes(prompt: string, references: readonly ChatPromptReference[]): string {
  const ranges = references.flatMap(r => (r.range ? [r.range] : [])).sort((a, b) => b[0] - a[0]);
  let text = prompt;
  for (const [start, end] of ranges) {
    const name = text.slice(start, end).replace(/^#(?:\w+:)?/, '');
    text = text.slice(0, start) + name + text.slice(end);
  }
  return text;
}
