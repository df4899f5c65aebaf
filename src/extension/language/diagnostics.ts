import { readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import {
  Diagnostic,
  DiagnosticRelatedInformation,
  DiagnosticSeverity,
  DiagnosticTag,
  type Disposable,
  Location,
  languages,
  Range,
  type TextDocument,
  Uri,
  workspace,
} from 'vscode';
import { parseDatasetName } from '../../hub/datasetName.ts';
import type { Problem } from '../../protocol/errors.ts';
import { codeOf, dataUses, lineOf } from '../../recipe/language/dataProblems.ts';
import { known } from '../../recipe/language/recipeWorld.ts';
import type { RecipeReading } from '../../recipe/parse.ts';
import type { RecipeProblem } from '../../recipe/problem.ts';
import { type OpenRecipe, type OpenRecipes, shownSelector } from './openRecipes.ts';
import type { RecipeWorlds } from './recipeWorlds.ts';

/** Milliseconds without typing before problems are looked for. */
const pause = 150;
const source = 'LoRA recipe';

export interface RecipeDiagnostics extends Disposable {
  /** The problem that a diagnostic tells of; undefined where the text has changed since it was found. */
  problemOf(diagnostic: Diagnostic, reading: RecipeReading): RecipeProblem | undefined;
}

/** Marks the problems of open recipes, as text and in cells, and the lines of their datasets that are to blame. */
export function createRecipeDiagnostics(
  recipes: OpenRecipes,
  worlds: RecipeWorlds,
  extensionPath: string,
): RecipeDiagnostics {
  const inRecipes = languages.createDiagnosticCollection('lora-recipe');
  const inData = languages.createDiagnosticCollection('lora-recipe-data');
  const described = describedCodes(extensionPath);
  let timer: NodeJS.Timeout | undefined;

  const isShown = (document: TextDocument) => languages.match(shownSelector, document) > 0;
  /** What each diagnostic was made of. */
  const sources = new WeakMap<Diagnostic, { problem: RecipeProblem; reading: RecipeReading }>();

  function refresh(): void {
    const all = recipes.all();
    const found = new Map(workspace.textDocuments.filter(isShown).map(d => [d, [] as Diagnostic[]]));
    for (const shown of all)
      found.set(
        shown.document,
        shown.problems().flatMap(p => toDiagnostic(p, shown) ?? []),
      );
    for (const [{ uri }, marks] of found) inRecipes.set(uri, marks);
    inData.clear();
    // Cells of a notebook are parts of one recipe; of a dataset that several recipes name every line is marked once.
    const inFiles = [...new Map(all.map(shown => [shown.reading, shown])).values()]
      .flatMap(dataDiagnostics)
      .map(([uri, marks]) => [uri.toString(), { uri, marks }] as const);
    for (const { uri, marks } of new Map(inFiles).values()) inData.set(uri, marks);
  }

  /** All bad lines of the datasets that a recipe names. */
  function dataDiagnostics({ recipe, reading, ...shown }: OpenRecipe): [Uri, Diagnostic[]][] {
    const world = shown.world();
    // Data of the hub lies in the cache, where nobody mends it.
    const uses = (reading.parts ? dataUses(reading.parts) : []).filter(use => !parseDatasetName(use.file));
    const files = new Map(uses.map(use => [use.file, use]));
    return [...files.values()].map(({ file, reading: how }) => {
      const problems = known(world.data(file, how))?.problems ?? [];
      const marks = problems.map(problem => {
        const [range, message] = [wholeLine(lineOf(problem.where)), withoutPlace(problem.message)];
        const diagnostic = new Diagnostic(range, message, severityOf(problem));
        return Object.assign(diagnostic, { source, code: described(codeOf(problem)) });
      });
      return [dataUri(recipe, file), marks];
    });
  }

  /** Undefined for a problem of another cell. */
  function toDiagnostic(problem: RecipeProblem, shown: OpenRecipe): Diagnostic | undefined {
    const range = shown.rangeOf(problem.range ?? { start: 0, end: 0 });
    if (!range) return undefined;
    const diagnostic = new Diagnostic(range, problem.message, severityOf(problem));
    diagnostic.source = source;
    diagnostic.code = described(problem.code);
    if (problem.code === 'unusedSetting') diagnostic.tags = [DiagnosticTag.Unnecessary];
    diagnostic.relatedInformation = problem.related?.map(
      ({ file, line, message }) =>
        new DiagnosticRelatedInformation(
          new Location(dataUri(shown.recipe, file), wholeLine(line)),
          withoutPlace(message),
        ),
    );
    sources.set(diagnostic, { problem, reading: shown.reading });
    return diagnostic;
  }

  const later = () => {
    clearTimeout(timer);
    timer = setTimeout(refresh, pause);
  };
  const disposables = [
    inRecipes,
    inData,
    worlds.onDidChange(later),
    workspace.onDidOpenTextDocument(later),
    workspace.onDidChangeTextDocument(({ document }) => isShown(document) && later()),
    workspace.onDidCloseTextDocument(document => {
      inRecipes.delete(document.uri);
      later();
    }),
  ];
  later();
  return {
    problemOf(diagnostic, reading) {
      const from = sources.get(diagnostic);
      return from?.reading === reading ? from.problem : undefined;
    },
    dispose() {
      clearTimeout(timer);
      for (const d of disposables) d.dispose();
    },
  };
}

function severityOf({ severity }: Problem): DiagnosticSeverity {
  return severity === 'error' ? DiagnosticSeverity.Error : DiagnosticSeverity.Warning;
}

/** A code with where it is described, to be shown at a click. */
function describedCodes(extensionPath: string): (code: string) => { value: string; target: Uri } {
  const path = join(extensionPath, 'docs', 'recipe-reference.md');
  // Read with the first problem, not while the editor starts.
  let lines: string[] | undefined;
  return code => {
    lines ??= readFileSync(path, 'utf8').split('\n');
    const line = lines.findIndex(text => text.startsWith(`| \`${code}\` |`)) + 1;
    return { value: code, target: Uri.file(path).with({ fragment: `L${line || 1}` }) };
  };
}

/** A dataset's message begins with file and line, which a mark has by itself. */
function withoutPlace(message: string): string {
  return message.replace(/^.*?:\d+: /, '');
}

function wholeLine(line: number): Range {
  return new Range(line - 1, 0, line - 1, Number.MAX_SAFE_INTEGER);
}

function dataUri(recipe: Uri, file: string): Uri {
  return Uri.file(resolve(dirname(recipe.fsPath), file));
}
