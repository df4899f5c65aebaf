import {
  Disposable,
  languages,
  type NotebookDocument,
  type Position,
  Range,
  type TextDocument,
  type Uri,
  workspace,
} from 'vscode';
import { recipeProblems } from '../../recipe/language/problems.ts';
import type { RecipeWorld } from '../../recipe/language/recipeWorld.ts';
import { roleOf } from '../../recipe/notebook/cells.ts';
import { cellsInRecipe, isWhole } from '../../recipe/notebook/cellsInRecipe.ts';
import { type RecipeReading, readRecipe } from '../../recipe/parse.ts';
import type { RecipeProblem } from '../../recipe/problem.ts';
import { cellLanguage, recipeLanguage } from '../contributions/editors.ts';
import { asRecipeCell, isRecipeNotebook } from '../recipe/recipeNotebook.ts';
import type { RecipeWorlds } from './recipeWorlds.ts';

/** Recipes on disk: what they name is relative to a folder. */
export const recipeSelector = { language: recipeLanguage.id, scheme: 'file' };

/** Recipes as text, and the cells of their notebooks. */
export const shownSelector = [recipeSelector, { language: cellLanguage }];

/** The text of a recipe as it stands in the editor: parsed once, and its problems found once, for all that ask. */
interface RecipeText {
  /** Of its file, for a notebook too. */
  recipe: Uri;
  reading: RecipeReading;
  /** What it speaks of, as far as that is known by now. */
  world(): RecipeWorld;
  problems(): readonly RecipeProblem[];
}

/** A recipe that a document shows as a whole or, as a cell, a part of, with the places of the one text in the other. */
export interface OpenRecipe extends RecipeText {
  document: TextDocument;
  offsetAt(position: Position): number;
  /** Where a part of the recipe is shown; undefined where it is another cell's. */
  rangeOf(range: { start: number; end: number }): Range | undefined;
}

/** The recipes that are open. What is known of a version of a document is kept until the next one. */
export interface OpenRecipes extends Disposable {
  /** What a recipe's document shows. */
  whole(document: TextDocument): OpenRecipe;
  /** What a document shows; of a cell, all that is said of it there. Undefined for a note. */
  of(document: TextDocument): OpenRecipe | undefined;
  /**
   * All of them. Cells of a notebook are parts of one recipe; while some are no JSON, those alone are there, because what
   * others say of what these define cannot be told.
   */
  all(): OpenRecipe[];
}

/** Cells that are no JSON whose problems are told at once: each is read with all others as a recipe of its own. */
const mostBroken = 5;

export function createOpenRecipes(worlds: RecipeWorlds): OpenRecipes {
  const wholes = keptByVersion<TextDocument, OpenRecipe>();
  const cells = keptByVersion<TextDocument, OpenRecipe | undefined>();
  const notebooks = keptByVersion<NotebookDocument, OpenRecipe[]>();
  /** How often there was news of what recipes speak of. */
  let news = 0;
  const listen = () => {
    news++;
  };

  function textOf(recipe: Uri, reading: RecipeReading): RecipeText {
    const world = () => worlds.worldOf(recipe, reading);
    let found: { at: number; problems: RecipeProblem[] } | undefined;
    const problems = () => {
      if (found?.at !== news) found = { at: news, problems: recipeProblems(reading, world()) };
      return found.problems;
    };
    return { recipe, reading, world, problems };
  }

  const whole = (document: TextDocument) =>
    wholes(document, document.version, () => {
      const text = textOf(document.uri, readRecipe(document.getText()));
      return shownIn(document, text, 0, Number.POSITIVE_INFINITY);
    });

  function cell(document: TextDocument): OpenRecipe | undefined {
    const notebook = workspace.notebookDocuments.find(n => n.getCells().some(c => c.document === document));
    if (!notebook) return undefined;
    return cells(document, versionOf(notebook), () => {
      const all = cellsOf(notebook);
      const { part } = all.find(c => c.document === document)!;
      if (roleOf(part) === 'note') return undefined;
      const { reading, starts } = cellsInRecipe(
        all.map(c => c.part),
        part,
      );
      return shownIn(document, textOf(notebook.uri, reading), starts.get(part)!, Number.POSITIVE_INFINITY);
    });
  }

  const inNotebook = (notebook: NotebookDocument) =>
    notebooks(notebook, versionOf(notebook), () => {
      const all = cellsOf(notebook);
      const broken = all.filter(({ part }) => !isWhole(part));
      if (broken.length > 0) return broken.slice(0, mostBroken).flatMap(({ document }) => cell(document) ?? []);
      const { reading, starts } = cellsInRecipe(all.map(({ part }) => part));
      const text = textOf(notebook.uri, reading);
      return all.flatMap(({ document, part }) => {
        const start = starts.get(part);
        return start === undefined ? [] : [shownIn(document, text, start, part.text.length)];
      });
    });

  const listeners = Disposable.from(
    worlds.onDidChange(listen),
    // Files that nobody watches may have changed meanwhile.
    workspace.onDidOpenTextDocument(listen),
    workspace.onDidCloseTextDocument(listen),
  );
  return {
    whole,
    of: document => (document.languageId === cellLanguage ? cell(document) : whole(document)),
    all: () => [
      ...workspace.textDocuments.filter(d => languages.match(recipeSelector, d) > 0).map(whole),
      ...workspace.notebookDocuments.filter(isRecipeNotebook).flatMap(inNotebook),
    ],
    dispose: () => listeners.dispose(),
  };
}

export function rangeIn(document: TextDocument, { start, end }: { start: number; end: number }): Range {
  return new Range(document.positionAt(start), document.positionAt(end));
}

/** A document whose text is `length` characters of the recipe from `start` on. */
function shownIn(document: TextDocument, text: RecipeText, start: number, length: number): OpenRecipe {
  return {
    ...text,
    document,
    offsetAt: position => start + document.offsetAt(position),
    rangeOf: range =>
      range.start >= start && range.start <= start + length
        ? rangeIn(document, { start: range.start - start, end: range.end - start })
        : undefined,
  };
}

function cellsOf(notebook: NotebookDocument) {
  return notebook.getCells().map(cell => ({ document: cell.document, part: asRecipeCell(cell) }));
}

/** Another whenever the text of a cell, or the order of the cells, is another. */
function versionOf(notebook: NotebookDocument): string {
  return notebook
    .getCells()
    .map(({ document: { uri, version } }) => `${uri} ${version}`)
    .join('\n');
}

/** Keeps what was made of each key until it is asked for in another version. */
function keptByVersion<K extends object, V>(): (key: K, version: unknown, make: () => V) => V {
  const kept = new WeakMap<K, { version: unknown; value: V }>();
  return (key, version, make) => {
    const last = kept.get(key);
    if (last && last.version === version) return last.value;
    const value = make();
    kept.set(key, { version, value });
    return value;
  };
}
