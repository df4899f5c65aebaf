import { createScanner, type Node, type ParseError, parseTree, printParseErrorCode } from 'jsonc-parser';
import type { Problem } from '../protocol/errors.ts';
import { checkRecipe } from './check.ts';
import { type PartProblem, type ProblemCode, pathText, placeProblem, severityOf } from './problem.ts';
import type { Recipe } from './schema.ts';
import { readBySchema } from './schemaProblems.ts';

/** A recipe is text that people write; one larger than this is a mistake (a dataset, a model). */
export const maxRecipeLength = 5_000_000;

/** A recipe nests six deep; the parsers are recursive, and deep nesting would overflow the stack. */
const maxDepth = 100;

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
  const text = withoutMark(written);
  if (text.length > maxRecipeLength) {
    const message = `the recipe has ${text.length} characters; the limit is ${maxRecipeLength}`;
    return { text, problems: [problem('tooLarge', '', message)] };
  }
  if (text.trim() === '') return { text, problems: [emptyProblem()] };
  const deep = tooDeepAt(text);
  if (deep !== undefined) return { text, problems: [deepProblem(text, deep)] };
  const errors: ParseError[] = [];
  const root = parseTree(text, errors, { allowTrailingComma: true, disallowComments: false });
  if (!root) return { text, problems: syntaxProblems(text, errors) };
  const { parts, refused, problems } = readBySchema(root);
  // A syntax error makes what is around it look wrong, too: those problems are left out.
  if (errors.length > 0) return { text, root, parts, problems: syntaxProblems(text, errors) };
  // So does a part that the schema refuses.
  const cross = parts ? checkRecipe(parts).filter(p => !refused.some(path => isWithin(path, p.path))) : [];
  const placed = [...problems, ...cross].map(p => placeProblem(p, root));
  return { text, root, parts, problems: [...duplicateKeys(root), ...placed] };
}

/** True where a path lies within another, or is it. */
function isWithin(path: PartProblem['path'], outer: PartProblem['path']): boolean {
  return outer.every((part, i) => part === path[i]);
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

/** Where brackets nest deeper than `maxDepth`, or undefined. */
function tooDeepAt(text: string): number | undefined {
  const scanner = createScanner(text, true);
  let depth = 0;
  for (scanner.scan(); scanner.getTokenOffset() < text.length; scanner.scan()) {
    const first = text[scanner.getTokenOffset()]!;
    if ('{['.includes(first)) depth++;
    if ('}]'.includes(first)) depth--;
    if (depth > maxDepth) return scanner.getTokenOffset();
  }
  return undefined;
}

function deepProblem(text: string, offset: number): Problem {
  const line = lineAt(text, offset);
  const message = `brackets nest deeper than ${maxDepth} levels at line ${line}; is one left open?`;
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
      const where = pathText([...path, name]);
      if (key && seen.has(name)) {
        const range = { start: key.offset, end: key.offset + key.length };
        found.push({ ...problem('duplicateKey', where, `'${where}' is written twice; keep one`), range });
      }
      seen.add(name);
      if (value) visit(value, [...path, name]);
    }
  };
  visit(root, []);
  return found;
}
