import { defaultCacheFolder } from '../experiment/cacheFolder.ts';
import { readText } from '../experiment/files.ts';
import { hubCacheFolder } from '../experiment/hubCache.ts';
import { type FactKind, readFacts } from '../experiment/readFacts.ts';
import { type GetFact, worldOfRecipe } from '../experiment/recipeWorld.ts';
import { WorkbenchError } from '../protocol/errors.ts';
import { type Fix, fixesFor } from '../recipe/language/fixes.ts';
import { recipeProblems } from '../recipe/language/problems.ts';
import type { RecipeWorld } from '../recipe/language/recipeWorld.ts';
import { maxRecipeLength } from '../recipe/limits.ts';
import { type RecipeReading, readRecipe } from '../recipe/parse.ts';
import type { RecipeProblem } from '../recipe/problem.ts';

/** A recipe with all that can be said of it without training. */
export interface CheckedRecipe {
  reading: RecipeReading;
  world: RecipeWorld;
  problems: RecipeProblem[];
}

/** Reads a recipe, or takes its text as it will be saved, and checks it with the data, the base and the adapters that it names. */
export async function checkedRecipe(
  path: string,
  mediaFolder: string,
  text?: string | undefined,
): Promise<CheckedRecipe> {
  const reading = readRecipe(text ?? (await readText(path, 'the recipe', 4 * maxRecipeLength)));
  const places = { mediaFolder, hubCache: hubCacheFolder(), cacheFolder: defaultCacheFolder() };
  const facts = new Map<string, unknown>();
  // What a check asks for and is not known yet is read, until nothing is left to be asked: one fact leads to another.
  for (;;) {
    const wanted = new Map<string, { kind: FactKind; request: never }>();
    const get: GetFact = (kind, request) => {
      const key = `${kind} ${JSON.stringify(request)}`;
      if (!facts.has(key)) wanted.set(key, { kind, request: request as never });
      return facts.get(key) as never;
    };
    const world = worldOfRecipe(path, reading.parts, places, get);
    const problems = recipeProblems(reading, world);
    if (wanted.size === 0) return { reading, world, problems };
    for (const [key, { kind, request }] of wanted) facts.set(key, await orUnknown<unknown>(readFacts[kind](request)));
  }
}

/** A fact that cannot be read is not known; whoever needs it says why. */
async function orUnknown<T>(reading: Promise<T>): Promise<T | undefined> {
  return reading.catch(error => {
    if (error instanceof WorkbenchError) return undefined;
    throw error;
  });
}

/** A problem as an agent reads it. */
export interface ToldProblem {
  code: string;
  severity: 'error' | 'warning';
  where: string;
  message: string;
  line?: number;
  fixes: ToldFix[];
}

interface ToldFix {
  title: string;
  edits: { line: number; remove: string; insert: string }[];
  create?: { file: string; text: string };
}

/** The problems with their lines, from 1, and the ways to resolve each. */
export function toldProblems({ reading, problems }: CheckedRecipe): ToldProblem[] {
  return problems.map(problem => {
    const { code, severity, where, message, range } = problem;
    return {
      code,
      severity,
      where,
      message,
      ...(range && { line: lineAt(reading.text, range.start) }),
      fixes: fixesFor(reading, problem).map(fix => toldFix(reading.text, fix)),
    };
  });
}

function toldFix(text: string, { title, edits, create }: Fix): ToldFix {
  return {
    title,
    edits: edits.map(({ offset, length, content }) => ({
      line: lineAt(text, offset),
      remove: text.slice(offset, offset + length),
      insert: content,
    })),
    ...(create && { create }),
  };
}

function lineAt(text: string, offset: number): number {
  return text.slice(0, offset).split('\n').length;
}

/** A line for each problem, with what resolves it. */
export function problemLines(problems: readonly ToldProblem[]): string[] {
  return problems.map(({ code, severity, where, message, line, fixes }) => {
    const at = [where, line === undefined ? '' : `line ${line}`].filter(Boolean).join(', ');
    const how = fixes.map(fix => fix.title).join('; or: ');
    return `${severity} ${code}${at ? ` (${at})` : ''}: ${message}${how ? ` [fix: ${how}]` : ''}`;
  });
}
