import { dirname, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import {
  CodeAction,
  CodeActionKind,
  CompletionItem,
  CompletionItemKind,
  type CompletionItemProvider,
  type Disposable,
  DocumentLink,
  DocumentSymbol,
  EventEmitter,
  FoldingRange,
  FoldingRangeKind,
  Hover,
  InlayHint,
  Location,
  languages,
  MarkdownString,
  SnippetString,
  SymbolKind,
  type TextDocument,
  TextEdit,
  Uri,
  WorkspaceEdit,
} from 'vscode';
import type { Completion } from '../../../core/recipe/language/completion.ts';
import { completionsAt, listedAt } from '../../../core/recipe/language/completions.ts';
import { type Fix, fixesFor } from '../../../core/recipe/language/fixes.ts';
import { foldingsOf } from '../../../core/recipe/language/foldings.ts';
import { formatRecipe } from '../../../core/recipe/language/formatRecipe.ts';
import { hoverAt } from '../../../core/recipe/language/hover.ts';
import { inlayHintsOf } from '../../../core/recipe/language/inlayHints.ts';
import { linksOf } from '../../../core/recipe/language/links.ts';
import { definitionAt, referencesAt, renameAt, renameRange } from '../../../core/recipe/language/navigation.ts';
import { type OutlineItem, outlineOf } from '../../../core/recipe/language/outline.ts';
import { onSettingChange, readSetting } from '../../settings.ts';
import type { RecipeDiagnostics } from './diagnostics.ts';
import { linkTarget } from './linkTarget.ts';
import { rangeIn, readingOf, recipeSelector } from './recipeDocuments.ts';
import { listForRecipe } from './recipeListings.ts';
import type { RecipeWorlds } from './recipeWorlds.ts';

/** Milliseconds that a hover waits for files; without them it says less. */
const longestRead = 3000;

/** What the core says of a recipe, as the editor's providers. */
export function registerProviders(worlds: RecipeWorlds, diagnostics: RecipeDiagnostics): Disposable[] {
  const world = (document: TextDocument) => worlds.worldOf(document, readingOf(document));
  const hintsChanged = new EventEmitter<void>();
  const completion: CompletionItemProvider = {
    async provideCompletionItems(document, position) {
      const [reading, offset] = [readingOf(document), document.offsetAt(position)];
      const listings = await listForRecipe(document.uri, listedAt(reading, offset));
      const found = completionsAt(reading, offset, world(document), listings);
      return found.map((item, i) => toItem(item, i, document));
    },
  };
  return [
    languages.registerCompletionItemProvider(recipeSelector, completion, '"', ':', ' '),
    languages.registerHoverProvider(recipeSelector, {
      async provideHover(document, position) {
        const look = () => hoverAt(readingOf(document), document.offsetAt(position), world(document));
        // The first look asks for what has not been read yet.
        look();
        await Promise.race([worlds.settled(), delay(longestRead)]);
        const hover = look();
        if (!hover) return undefined;
        return new Hover(
          hover.paragraphs.map(p => new MarkdownString(p)),
          rangeIn(document, hover.range),
        );
      },
    }),
    languages.registerDefinitionProvider(recipeSelector, {
      provideDefinition(document, position) {
        const place = definitionAt(readingOf(document), document.offsetAt(position));
        return place && new Location(document.uri, rangeIn(document, place.range));
      },
    }),
    languages.registerReferenceProvider(recipeSelector, {
      provideReferences: (document, position, { includeDeclaration }) =>
        referencesAt(readingOf(document), document.offsetAt(position))
          .filter(place => includeDeclaration || !place.isDefinition)
          .map(place => new Location(document.uri, rangeIn(document, place.range))),
    }),
    languages.registerRenameProvider(recipeSelector, {
      prepareRename(document, position) {
        const range = renameRange(readingOf(document), document.offsetAt(position));
        if (!range) throw new Error('Only experts, blends, merges and held-out sets of this recipe can be renamed.');
        return rangeIn(document, range);
      },
      provideRenameEdits(document, position, name) {
        const edits = renameAt(readingOf(document), document.offsetAt(position), name);
        if ('refused' in edits) throw new Error(edits.refused);
        return workspaceEdit(document, edits);
      },
    }),
    languages.registerDocumentSymbolProvider(recipeSelector, {
      provideDocumentSymbols: document => outlineOf(readingOf(document)).map(item => toSymbol(item, document)),
    }),
    languages.registerDocumentLinkProvider(recipeSelector, {
      provideDocumentLinks: async document => {
        const links = await Promise.all(
          linksOf(readingOf(document)).map(async link => {
            const target = await linkTarget(document.uri, link, worlds.baseFolder(document, readingOf(document)));
            return target ? [new DocumentLink(rangeIn(document, link.range), target)] : [];
          }),
        );
        return links.flat();
      },
    }),
    hintsChanged,
    worlds.onDidChange(() => hintsChanged.fire()),
    onSettingChange(['recipes.computedValues'], () => hintsChanged.fire()),
    languages.registerInlayHintsProvider(recipeSelector, {
      onDidChangeInlayHints: hintsChanged.event,
      provideInlayHints: (document, within) =>
        readSetting('recipes.computedValues')
          ? inlayHintsOf(readingOf(document), world(document))
              .map(({ offset, text }) =>
                Object.assign(new InlayHint(document.positionAt(offset), text), { paddingLeft: true }),
              )
              .filter(hint => within.contains(hint.position))
          : [],
    }),
    languages.registerFoldingRangeProvider(recipeSelector, {
      provideFoldingRanges: document =>
        foldingsOf(readingOf(document)).map(
          ({ start, end, kind }) => new FoldingRange(start, end, kind && foldingKinds[kind]),
        ),
    }),
    languages.registerDocumentRangeFormattingEditProvider(recipeSelector, {
      provideDocumentRangeFormattingEdits: (document, { start, end }, { tabSize, insertSpaces }) => {
        const within = { start: document.offsetAt(start), end: document.offsetAt(end) };
        return formatRecipe(document.getText(), { tabSize, insertSpaces }, within).map(e => toTextEdit(e, document));
      },
    }),
    languages.registerDocumentFormattingEditProvider(recipeSelector, {
      provideDocumentFormattingEdits: (document, { tabSize, insertSpaces }) =>
        formatRecipe(document.getText(), { tabSize, insertSpaces }).map(e => toTextEdit(e, document)),
    }),
    languages.registerCodeActionsProvider(
      recipeSelector,
      {
        provideCodeActions: (document, _range, { diagnostics: marked }) =>
          marked.flatMap(diagnostic => {
            const problem = diagnostics.problemOf(diagnostic, document);
            const fixes = problem ? fixesFor(readingOf(document), problem) : [];
            return fixes.map((fix, i) => {
              const action = new CodeAction(fix.title, CodeActionKind.QuickFix);
              action.edit = fixEdit(fix, document);
              action.diagnostics = [diagnostic];
              action.isPreferred = i === 0;
              return action;
            });
          }),
      },
      { providedCodeActionKinds: [CodeActionKind.QuickFix] },
    ),
  ];
}

const completionKinds: Record<Completion['kind'], CompletionItemKind> = {
  key: CompletionItemKind.Property,
  value: CompletionItemKind.EnumMember,
  file: CompletionItemKind.File,
  folder: CompletionItemKind.Folder,
  name: CompletionItemKind.Reference,
  snippet: CompletionItemKind.Snippet,
};

function toItem(completion: Completion, order: number, document: TextDocument): CompletionItem {
  const { label, kind, detail, documentation, insert, range, goesOn } = completion;
  const item = new CompletionItem({ label, description: detail }, completionKinds[kind]);
  item.documentation = documentation === undefined ? undefined : new MarkdownString(documentation);
  item.insertText = new SnippetString(insert);
  item.range = rangeIn(document, range);
  item.sortText = String(order).padStart(4, '0');
  // What is typed so far may begin with a quote.
  item.filterText = document.getText(item.range).startsWith('"') ? `"${label}"` : label;
  if (goesOn) item.command = { title: '', command: 'editor.action.triggerSuggest' };
  return item;
}

const foldingKinds = { comment: FoldingRangeKind.Comment, region: FoldingRangeKind.Region };

const symbolKinds: Record<OutlineItem['kind'], SymbolKind> = {
  group: SymbolKind.Module,
  expert: SymbolKind.Class,
  blend: SymbolKind.Operator,
  merge: SymbolKind.Struct,
  set: SymbolKind.Array,
  step: SymbolKind.Event,
  setting: SymbolKind.Property,
};

function toSymbol(
  { name, detail, kind, range, nameRange, children }: OutlineItem,
  document: TextDocument,
): DocumentSymbol {
  const symbol = new DocumentSymbol(
    name,
    detail,
    symbolKinds[kind],
    rangeIn(document, range),
    rangeIn(document, nameRange),
  );
  symbol.children = children.map(child => toSymbol(child, document));
  return symbol;
}

type Edit = Fix['edits'][number];

function toTextEdit({ offset, length, content }: Edit, document: TextDocument): TextEdit {
  return TextEdit.replace(rangeIn(document, { start: offset, end: offset + length }), content);
}

function workspaceEdit(document: TextDocument, edits: Edit[]): WorkspaceEdit {
  const edit = new WorkspaceEdit();
  edit.set(
    document.uri,
    edits.map(e => toTextEdit(e, document)),
  );
  return edit;
}

function fixEdit({ edits, create }: Fix, document: TextDocument): WorkspaceEdit {
  const edit = workspaceEdit(document, edits);
  if (!create) return edit;
  const uri = Uri.file(resolve(dirname(document.uri.fsPath), create.file));
  edit.createFile(uri, { ignoreIfExists: true, contents: new TextEncoder().encode(create.text) });
  return edit;
}
