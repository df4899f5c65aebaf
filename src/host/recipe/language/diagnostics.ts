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
import { codeOf, dataUses, lineOf } from '../../../core/recipe/language/dataProblems.ts';
import { type RecipeProblem, recipeProblems } from '../../../core/recipe/language/recipeProblems.ts';
import { known } from '../../../core/recipe/language/recipeWorld.ts';
import { rangeIn, readingOf, recipeSelector } from './recipeDocuments.ts';
import type { RecipeWorlds } from './recipeWorlds.ts';

/** Milliseconds without typing before problems are looked for. */
const pause = 150;
const source = 'LoRA recipe';

export interface RecipeDiagnostics extends Disposable {
  /** The problem that a diagnostic tells of. */
  problemOf(diagnostic: Diagnostic, document: TextDocument): RecipeProblem | undefined;
}

/** Marks the problems of open recipes, and the lines of their datasets that are to blame. */
export function createRecipeDiagnostics(worlds: RecipeWorlds, extensionPath: string): RecipeDiagnostics {
  const inRecipes = languages.createDiagnosticCollection('lora-recipe');
  const inData = languages.createDiagnosticCollection('lora-recipe-data');
  const described = describedCodes(extensionPath);
  let timer: NodeJS.Timeout | undefined;

  const open = () => workspace.textDocuments.filter(d => languages.match(recipeSelector, d) > 0);
  const problemsOf = (document: TextDocument) => {
    const reading = readingOf(document);
    return recipeProblems(reading, worlds.worldOf(document.uri, reading));
  };

  function refresh(): void {
    const recipes = open();
    for (const document of recipes)
      inRecipes.set(
        document.uri,
        problemsOf(document).map(p => toDiagnostic(p, document)),
      );
    inData.clear();
    // Of a dataset that several recipes name every line is marked once.
    const inFiles = recipes.flatMap(dataDiagnostics).map(([uri, marks]) => [uri.toString(), { uri, marks }] as const);
    for (const { uri, marks } of new Map(inFiles).values()) inData.set(uri, marks);
  }

  /** All bad lines of the datasets that a recipe names. */
  function dataDiagnostics(document: TextDocument): [Uri, Diagnostic[]][] {
    const reading = readingOf(document);
    const world = worlds.worldOf(document.uri, reading);
    const files = new Set(reading.parts ? dataUses(reading.parts).map(use => use.file) : []);
    return [...files].map(file => {
      const problems = known(world.data(file))?.problems ?? [];
      const marks = problems.map(problem => {
        const diagnostic = new Diagnostic(wholeLine(lineOf(problem.where)), withoutPlace(problem.message));
        return Object.assign(diagnostic, { source, code: described(codeOf(problem)) });
      });
      return [dataUri(document, file), marks];
    });
  }

  function toDiagnostic(problem: RecipeProblem, document: TextDocument): Diagnostic {
    const range = problem.range ? rangeIn(document, problem.range) : new Range(0, 0, 0, 0);
    const severity = problem.severity === 'error' ? DiagnosticSeverity.Error : DiagnosticSeverity.Warning;
    const diagnostic = new Diagnostic(range, problem.message, severity);
    diagnostic.source = source;
    diagnostic.code = described(problem.code);
    if (problem.code === 'unusedSetting') diagnostic.tags = [DiagnosticTag.Unnecessary];
    diagnostic.relatedInformation = problem.related?.map(
      ({ file, line, message }) =>
        new DiagnosticRelatedInformation(new Location(dataUri(document, file), wholeLine(line)), withoutPlace(message)),
    );
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
    workspace.onDidChangeTextDocument(({ document }) => languages.match(recipeSelector, document) > 0 && later()),
    workspace.onDidCloseTextDocument(document => {
      inRecipes.delete(document.uri);
      later();
    }),
  ];
  later();
  return {
    problemOf: ({ range, code }, document) =>
      problemsOf(document).find(
        p =>
          p.range &&
          rangeIn(document, p.range).isEqual(range) &&
          p.code === (typeof code === 'object' ? code.value : code),
      ),
    dispose() {
      clearTimeout(timer);
      for (const d of disposables) d.dispose();
    },
  };
}

/** A code with where it is described, to be shown at a click. */
function describedCodes(extensionPath: string): (code: string) => { value: string; target: Uri } {
  const path = join(extensionPath, 'docs', 'RECIPE.md');
  const lines = readFileSync(path, 'utf8').split('\n');
  return code => {
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

function dataUri(recipe: TextDocument, file: string): Uri {
  return Uri.file(resolve(dirname(recipe.uri.fsPath), file));
}
