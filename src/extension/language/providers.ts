import { dirname, join, resolve } from 'node:path';
import {
  CodeAction,
  CodeActionKind,
  type Disposable,
  DocumentLink,
  DocumentSymbol,
  EventEmitter,
  FileType,
  FoldingRange,
  FoldingRangeKind,
  InlayHint,
  Location,
  languages,
  SymbolKind,
  type TextDocument,
  TextEdit,
  Uri,
  WorkspaceEdit,
  workspace,
} from 'vscode';
import { adapterPaths } from '../../experiment/paths.ts';
import { readExperimentPaths } from '../../experiment/readExperimentPaths.ts';
import { type Fix, fixesFor, type KnownNames, namesNeeded } from '../../recipe/language/fixes.ts';
import { foldingsOf } from '../../recipe/language/folding.ts';
import { formatRecipe } from '../../recipe/language/format.ts';
import { inlayHintsOf } from '../../recipe/language/inlayHints.ts';
import { linksOf, type RecipeLink } from '../../recipe/language/links.ts';
import { definitionAt, referencesAt, renameAt, renameRange } from '../../recipe/language/navigation.ts';
import { type OutlineItem, outlineOf } from '../../recipe/language/outline.ts';
import type { RecipeProblem } from '../../recipe/problem.ts';
import type { FollowNames } from '../recipe/followNames.ts';
import { onSettingChange, readSetting } from '../services/settings.ts';
import { completionProvider } from './completionProvider.ts';
import type { RecipeDiagnostics } from './diagnostics.ts';
import { hoverProvider } from './hoverProvider.ts';
import { type OpenRecipes, rangeIn, recipeSelector, shownSelector } from './openRecipes.ts';
import { listForRecipe } from './recipeListings.ts';
import type { RecipeWorlds } from './recipeWorlds.ts';

/** Parts of a recipe that can be clicked: each is looked up. */
const mostLinks = 200;

/** What the core says of a recipe, as the editor's providers. */
export function registerProviders(
  recipes: OpenRecipes,
  worlds: RecipeWorlds,
  diagnostics: RecipeDiagnostics,
  names: Pick<FollowNames, 'asked'>,
): Disposable[] {
  const readingOf = (document: TextDocument) => recipes.whole(document).reading;
  const hintsChanged = new EventEmitter<void>();
  return [
    languages.registerCompletionItemProvider(shownSelector, completionProvider(recipes), '"', ':', ' '),
    languages.registerHoverProvider(shownSelector, hoverProvider(recipes, worlds)),
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
      async provideRenameEdits(document, position, name) {
        const reading = readingOf(document);
        const offset = document.offsetAt(position);
        const edits = renameAt(reading, offset, name);
        if ('refused' in edits) throw new Error(edits.refused);
        const { name: from, kinds } = definitionAt(reading, offset)!;
        const renamed = { kind: kinds[0]!, from, to: name };
        if (from !== name) {
          const { renameRefusal } = await import('../../experiment/renameResults.ts');
          const refused = await renameRefusal(await readExperimentPaths(document.uri.fsPath), renamed);
          if (refused) throw new Error(refused);
          names.asked(document.uri, renamed);
        }
        return workspaceEdit(document, edits);
      },
    }),
    languages.registerDocumentSymbolProvider(recipeSelector, {
      provideDocumentSymbols: document => outlineOf(readingOf(document)).map(item => toSymbol(item, document)),
    }),
    languages.registerDocumentLinkProvider(recipeSelector, {
      provideDocumentLinks: async document => {
        const reading = readingOf(document);
        const base = worlds.baseFolder(document.uri, reading);
        const links = await Promise.all(
          linksOf(reading)
            .slice(0, mostLinks)
            .map(async link => {
              if (link.kind !== 'base' && !worlds.mayLookUp(document.uri, link.path)) return [];
              const target = await linkTarget(document.uri, link, base);
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
          ? inlayHintsOf(readingOf(document), recipes.whole(document).world())
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
        async provideCodeActions(document, _range, { diagnostics: marked }) {
          const reading = readingOf(document);
          const actions = await Promise.all(
            marked.map(async diagnostic => {
              const problem = diagnostics.problemOf(diagnostic, reading);
              const fixes = problem ? fixesFor(reading, problem, await namesFor(document.uri, problem)) : [];
              return fixes.map((fix, i) => {
                const action = new CodeAction(fix.title, CodeActionKind.QuickFix);
                action.edit = fixEdit(fix, document);
                action.diagnostics = [diagnostic];
                action.isPreferred = i === 0;
                return action;
              });
            }),
          );
          return actions.flat();
        },
      },
      { providedCodeActionKinds: [CodeActionKind.QuickFix] },
    ),
  ];
}

/** What a problem's name may have been meant for. */
async function namesFor(recipe: Uri, problem: RecipeProblem): Promise<KnownNames> {
  const needed = namesNeeded(problem);
  const listed = needed && (await listForRecipe(recipe, needed))[needed];
  return needed && listed ? { [needed]: listed.map(({ name }) => name) } : {};
}

const foldingKinds = { comment: FoldingRangeKind.Comment, region: FoldingRangeKind.Region };

const symbolKinds: Record<OutlineItem['kind'], SymbolKind> = {
  group: SymbolKind.Module,
  expert: SymbolKind.Class,
  blend: SymbolKind.Operator,
  merge: SymbolKind.Struct,
  set: SymbolKind.Array,
  engine: SymbolKind.Interface,
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

/** The file that says most of what a folder holds; of a base in GGUF there is none to be read. */
const told: Record<RecipeLink['kind'], (named: string) => string> = {
  data: file => file,
  base: folder => join(folder, 'config.json'),
  adapter: folder => adapterPaths(folder).config,
};

/** What a link opens: a dataset, or the configuration in a base's or an adapter's folder; nothing for what is not there. */
async function linkTarget(recipe: Uri, { path, kind }: RecipeLink, base: string | undefined): Promise<Uri | undefined> {
  const named = kind === 'base' ? base : resolve(dirname(recipe.fsPath), path);
  if (named === undefined) return undefined;
  const target = Uri.file(told[kind](named));
  const info = await workspace.fs.stat(target).then(
    found => found,
    () => undefined,
  );
  return info?.type === FileType.File ? target : undefined;
}
