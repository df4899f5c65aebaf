import {
  Disposable,
  InlineCompletionItem,
  type LogOutputChannel,
  languages,
  Range,
  type TextDocument,
  type TextEditor,
  window,
  workspace,
} from 'vscode';
import type { Target } from '../../protocol/target.ts';
import type { Experts } from '../ask/experts.ts';
import { expertFor } from '../ask/offered.ts';
import { languageName } from '../ask/tasks.ts';
import type { Offer } from '../recipe/activeRecipe.ts';
import { withSignal } from '../services/cancellation.ts';
import { errorText, isCancellation } from '../services/messages.ts';
import { readSetting } from '../services/settings.ts';
import { type CursorGap, type Filler, fillingTarget, gapAt, suggestFill } from './fillGap.ts';
import { type Suggester, suggest } from './suggest.ts';
import { createTypedAhead } from './typedAhead.ts';
import { createVisitedChunks } from './visitedChunks.ts';

/** Lines before the cursor that are looked at where no gap can be filled. */
const mostLines = 40;
/** Characters of other files that are read with a gap. */
const longestFiles = 1200;

/**
 * Suggestions while typing: by a base that can fill gaps from what stands around the cursor, else by the recipe's code
 * expert from what stands before it. Nothing is asked unless the user has turned them on.
 */
export function registerInlineCompletions(experts: Experts, log: LogOutputChannel): Disposable {
  const visited = createVisitedChunks();
  const typedAhead = createTypedAhead();
  const isOn = () => readSetting('inlineCompletions.enabled');
  const pathOf = (document: TextDocument) => workspace.asRelativePath(document.uri);
  const visit = ({ document, selection }: TextEditor) => {
    const isCode = document.uri.scheme === 'file' || document.uri.scheme === 'untitled';
    if (isOn() && isCode) visited.add(pathOf(document), document.getText().split('\n'), selection.active.line);
  };
  let active = window.activeTextEditor;

  return Disposable.from(
    window.onDidChangeActiveTextEditor(editor => {
      if (active) visit(active);
      if (editor) visit(editor);
      active = editor;
    }),
    workspace.onDidSaveTextDocument(document => {
      if (window.activeTextEditor?.document === document) visit(window.activeTextEditor);
    }),
    languages.registerInlineCompletionItemProvider([{ scheme: 'file' }, { scheme: 'untitled' }], {
      async provideInlineCompletionItems(document, position, _context, token) {
        if (!isOn()) return [];
        const here = new Range(position, position);
        // Typing on cancels the token.
        return withSignal(token, signal => suggestion(document, here, signal)).then(
          found => (found ? [new InlineCompletionItem(found, here)] : []),
          error => {
            // A message for each keystroke would be worse than no suggestion.
            if (!isCancellation(error)) log.warn(`no suggestion: ${errorText(error)}`);
            return [];
          },
        );
      },
    }),
  );

  async function suggestion(
    document: TextDocument,
    { start }: Range,
    signal: AbortSignal,
  ): Promise<string | undefined> {
    // Looking costs nothing where it is known; while typing goes on nothing is asked.
    const offer = experts.known() ?? (await experts.offer());
    const target = fillingTarget(offer.described);
    if (!target) {
      const lines = document.getText(new Range(Math.max(0, start.line - mostLines), 0, start.line, start.character));
      return suggest(lines.split('\n'), languageName(document.languageId), suggester(), signal);
    }
    const text = document.getText().replaceAll('\r\n', '\n');
    const at = document.getText(new Range(0, 0, start.line, start.character)).replaceAll('\r\n', '\n').length;
    const place = { path: pathOf(document), prefix: text.slice(0, at), suffix: text.slice(at) };
    const rest = typedAhead.rest(place);
    if (rest !== undefined) return rest;
    const found = await suggestFill(
      gapAt(place.path, place.prefix, place.suffix),
      { rest: readSetting('inlineCompletions.delay'), fill: filler(offer, target) },
      signal,
    );
    if (found !== undefined) typedAhead.keep(place, found);
    return found;
  }

  function filler(offer: Offer, target: Target): Filler['fill'] {
    return async (gap, signal, onText) => {
      const first = firstText();
      const settings = { maxTokens: readSetting('inlineCompletions.maxTokens'), temperature: 0 };
      const input = { kind: 'fill' as const, ...gap, files: filesFor(gap) };
      const { answers } = await experts.complete(
        offer,
        { target, input, settings },
        {
          signal,
          // A question between two keystrokes would be worse than no suggestion.
          isUnattended: true,
          onProgress(progress) {
            if (progress.kind !== 'text') return;
            first.tell();
            onText(progress.text);
          },
        },
      );
      first.log();
      return answers[0]!;
    };
  }

  function filesFor({ path, prefix, suffix }: CursorGap) {
    return visited.relevantTo(path, `${prefix}${suffix}`.split('\n'), longestFiles);
  }

  function suggester(): Suggester {
    return {
      rest: readSetting('inlineCompletions.delay'),
      async findExpert() {
        const expert = expertFor('code', (await experts.offer()).described);
        return expert?.isTrained ? expert.name : undefined;
      },
      async ask(prompt, name, signal) {
        const first = firstText();
        const settings = { maxTokens: readSetting('inlineCompletions.maxTokens') };
        const target = { kind: 'expert', name } as const;
        const question = { prompt, target, settings };
        const onProgress = ({ kind }: { kind: string }) => kind === 'text' && first.tell();
        const result = await experts.ask(await experts.offer(), question, { signal, onProgress, isUnattended: true });
        first.log();
        return result;
      },
    };
  }

  /** How long the first text took. */
  function firstText() {
    const started = performance.now();
    let first: number | undefined;
    return {
      tell: () => (first ??= performance.now() - started),
      log: () =>
        log.debug(`suggestion: ${first === undefined ? 'no text' : `first text after ${first.toFixed(0)} ms`}`),
    };
  }
}
