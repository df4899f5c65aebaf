import { createScanner, type Node, type ParseError, parseTree, printParseErrorCode } from 'jsonc-parser';
import type { Problem } from '../protocol/errors.ts';
import { visibleText } from '../protocol/visibleText.ts';
import { count } from '../text/numbers.ts';
import { checkRecipe } from './checkRecipe.ts';
import { maxRecipeDepth, maxRecipeLength, maxRecipeLines, maxRecipeTokens, mostProblems } from './limits.ts';
import { firstProblems, type PartProblem, type ProblemCode, pathText, placeProblem, severityOf } from './problem.ts';
import type { Recipe } from './schema.ts';
import { readBySchema } from './schemaProblems.ts';

/** A recipe as far as it can be read. */
export interface RecipeReading {
  text: string;
  /** The text as a tree, of what could be parsed; undefined where that is nothing. */
  root?: Node;
  /** What the schema accepts: parts with errors are left out. */
  parts?: Recipe;
  problems: Problem[];
}

/**
 * Reads a recipe: JSON with comments and trailing commas. The recipe is there only when no problem is an error.
 * Each problem names the path, what was expected, what was found, and for an unknown key the nearest known one.
 */
export function parseRecipe(text: string): { recipe?: Recipe; problems: Problem[] } {
  const { parts, problems } = readRecipe(text);
  const failed = problems.some(p => p.severity === 'error');
  return { recipe: failed ? undefined : parts, problems };
}

/** As parseRecipe, with the parts that can be read of a recipe that has errors. */
export function readRecipe(written: string): RecipeReading {
  const { text, root, errors, problems } = readTree(written);
  if (!root) return { text, problems };
  const read = readBySchema(root);
  const { parts } = read;
  // A syntax error makes what is around it look wrong, too: those problems are left out.
  if (errors.length > 0) return { text, root, parts, problems };
  // So does a part that the schema refuses.
  const isAroundRefused = lieWithin(read.refused);
  const cross = parts ? checkRecipe(parts).filter(p => !isAroundRefused(p.path)) : [];
  const twice = duplicateKeys(root);
  const placed = [...read.problems, ...cross].slice(0, mostProblems).map(p => placeProblem(p, root));
  const left = read.left + Math.max(0, read.problems.length + cross.length - mostProblems);
  return { text, root, parts, problems: firstProblems([...twice, ...placed], left) };
}

/** A text as a tree, without a look at what it means. */
export interface TreeReading extends Pick<RecipeReading, 'text' | 'root' | 'problems'> {
  errors: ParseError[];
}

/** The tree of a text of JSON with comments; none, and the problem that says so, where it is beyond the limits. */
export function readTree(written: string): TreeReading {
  const text = withoutMark(written);
  const limit = limitProblem(text);
  if (limit) return { text, errors: [], problems: [limit] };
  if (text.trim() === '') return { text, errors: [], problems: [emptyProblem()] };
  const errors: ParseError[] = [];
  const root = parseTree(text, errors, { allowTrailingComma: true, disallowComments: false });
  return { text, root, errors, problems: syntaxProblems(text, errors) };
}

/** Whether one of some paths lies within a path, or is it. */
function lieWithin(inner: readonly PartProblem['path'][]): (path: PartProblem['path']) => boolean {
  const around = new Set(
    inner.flatMap(path => [...path.keys(), path.length].map(n => JSON.stringify(path.slice(0, n)))),
  );
  return path => around.has(JSON.stringify(path));
}

/** The text without a byte order mark, which is no JSON; a space in its place keeps every offset. */
export function withoutMark(text: string): string {
  return text.replace(/^\uFEFF/, ' ');
}

function problem(code: ProblemCode, where: string, message: string): Problem {
  return { code, severity: severityOf(code), where, message };
}

const emptyProblem = () =>
  problem('empty', '', 'the recipe is empty; a recipe is a JSON object such as { "experts": {} }');

/**
 * What keeps a text from being looked at: it is too long, has too many parts, or nests too deep. Whatever takes a text apart
 * asks this first, so that what it does takes a time that people do not notice.
 */
export function limitProblem(text: string): Problem | undefined {
  if (text.length > maxRecipeLength) {
    const message = `the recipe has ${count(text.length)} characters; the limit is ${count(maxRecipeLength)}`;
    return problem('tooLarge', '', message);
  }
  const scanner = createScanner(text);
  let [depth, tokens, lines] = [0, 0, 1];
  for (scanner.scan(); scanner.getTokenOffset() < text.length; scanner.scan()) {
    const offset = scanner.getTokenOffset();
    const first = text[offset]!;
    if ('\r\n'.includes(first) && ++lines > maxRecipeLines)
      return manyProblem(text, offset, `${count(maxRecipeLines)} lines`);
    if (' \t\r\n'.includes(first)) continue;
    if ('{['.includes(first)) depth++;
    if ('}]'.includes(first)) depth--;
    if (depth > maxRecipeDepth) return deepProblem(text, offset);
    if (++tokens > maxRecipeTokens)
      return manyProblem(text, offset, `${count(maxRecipeTokens)} words, numbers, brackets, signs and comments`);
  }
  return undefined;
}

/** Whether nothing is said of a recipe but that it is beyond the limits. */
export function isBeyondLimits({ problems }: Pick<RecipeReading, 'problems'>): boolean {
  return problems[0]?.code === 'tooLarge' || problems[0]?.code === 'tooDeep';
}

function manyProblem(text: string, offset: number, most: string): Problem {
  const line = lineAt(text, offset);
  const message = `line ${line} goes beyond ${most}, which is the most that a recipe has; leave something out`;
  return { ...problem('tooLarge', `line ${line}`, message), range: { start: offset, end: offset + 1 } };
}

function deepProblem(text: string, offset: number): Problem {
  const line = lineAt(text, offset);
  const message = `brackets nest deeper than ${maxRecipeDepth} levels at line ${line}; is one left open?`;
  return { ...problem('tooDeep', `line ${line}`, message), range: { start: offset, end: offset + 1 } };
}

function lineAt(text: string, offset: number): number {
  return text.slice(0, offset).split('\n').length;
}

function syntaxProblems(text: string, errors: ParseError[]): Problem[] {
  return errors.slice(0, 20).map(e => {
    const line = lineAt(text, e.offset);
    const what = printParseErrorCode(e.error)
      .replace(/([a-z])([A-Z])/g, '$1 $2')
      .toLowerCase();
    return {
      ...problem('syntax', `line ${line}`, `${what} at line ${line}`),
      range: { start: e.offset, end: e.offset + e.length },
    };
  });
}

function duplicateKeys(root: Node): Problem[] {
  const found: Problem[] = [];
  const visit = (node: Node, path: (string | number)[]) => {
    const seen = new Set<string>();
    for (const [i, child] of (node.children ?? []).entries()) {
      if (node.type !== 'object') {
        visit(child, [...path, i]);
        continue;
      }
      const [key, value] = child.children ?? [];
      const name = String(key?.value);
      if (key && seen.has(name)) {
        const where = pathText([...path, name]);
        const range = { start: key.offset, end: key.offset + key.length };
        found.push({ ...problem('duplicateKey', where, `'${visibleText(where)}' is written twice; keep one`), range });
      }
      seen.add(name);
      if (value) visit(value, [...path, name]);
    }
  };
  visit(root, []);
  return found;
}
