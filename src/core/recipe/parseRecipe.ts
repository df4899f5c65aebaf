import {
  createScanner,
  findNodeAtLocation,
  getNodeValue,
  type Node,
  type ParseError,
  parseTree,
  printParseErrorCode,
} from 'jsonc-parser';
import type { z } from 'zod';
import type { Problem } from '../../shared/errors.ts';
import { type Recipe, recipeSchema } from '../../shared/recipe.ts';
import { checkRecipe } from './checkRecipe.ts';
import { nearest } from './nearest.ts';

/** A recipe is text that people write; one larger than this is a mistake (a dataset, a model). */
export const maxRecipeLength = 5_000_000;

/** A recipe nests six deep; the parsers call themselves at every level, and a stack has an end. */
const maxDepth = 100;

/**
 * Reads a recipe: JSON with comments and trailing commas. The recipe is there only when no problem is an error.
 * Each problem names the path, what was expected, what was found, and for an unknown key the nearest known one.
 */
export function parseRecipe(text: string): { recipe?: Recipe; problems: Problem[] } {
  if (text.length > maxRecipeLength)
    return {
      problems: [problem('tooLarge', '', `the recipe has ${text.length} characters; the limit is ${maxRecipeLength}`)],
    };
  if (text.trim() === '') return { problems: [emptyProblem()] };
  const deep = tooDeepAt(text);
  if (deep !== undefined) return { problems: [deepProblem(text, deep)] };
  const errors: ParseError[] = [];
  const root = parseTree(text, errors, { allowTrailingComma: true, disallowComments: false });
  if (errors.length > 0 || !root) return { problems: syntaxProblems(text, errors) };

  const duplicates = duplicateKeys(root);
  const parsed = recipeSchema.safeParse(getNodeValue(root));
  const schemaProblems = parsed.success ? [] : parsed.error.issues.flatMap(i => issueProblems(i, root));
  const crossProblems = parsed.success ? checkRecipe(parsed.data) : [];
  const problems = [...duplicates, ...schemaProblems, ...crossProblems].map(p => withRange(p, root));
  const failed = problems.some(p => p.severity === 'error');
  return { recipe: parsed.success && !failed ? parsed.data : undefined, problems };
}

function problem(code: string, where: string, message: string): Problem {
  return { code, severity: 'error', where, message };
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
  const visit = (node: Node, path: string) => {
    const seen = new Set<string>();
    for (const [i, child] of (node.children ?? []).entries()) {
      if (node.type !== 'object') {
        visit(child, `${path}[${i}]`);
        continue;
      }
      const [key, value] = child.children ?? [];
      const at = join(path, String(key?.value));
      if (seen.has(String(key?.value))) found.push(problem('duplicateKey', at, `'${at}' is written twice; keep one`));
      seen.add(String(key?.value));
      if (value) visit(value, at);
    }
  };
  visit(root, '');
  return found;
}

type Issue = z.core.$ZodIssue;

function issueProblems(issue: Issue, root: Node): Problem[] {
  const where = pathText(issue.path);
  const got = describe(valueAt(root, issue.path));
  const at = where || 'the recipe';
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map(key => {
        const guess = nearest(key, knownKeys(issue.path));
        const hint = guess ? `; did you mean '${guess}'?` : '';
        return problem('unknownKey', join(where, key), `'${join(where, key)}' is not a key of a recipe${hint}`);
      });
    case 'invalid_type':
      return [problem('wrongType', where, `${at}: expected ${issue.expected}, got ${got}`)];
    case 'invalid_value': {
      const values = issue.values.map(v => JSON.stringify(v)).join(', ');
      const guess = nearest(String(valueAt(root, issue.path)), issue.values.map(String));
      return [
        problem(
          'wrongValue',
          where,
          `${at}: expected one of ${values}, got ${got}${guess ? `; did you mean '${guess}'?` : ''}`,
        ),
      ];
    }
    case 'invalid_key':
      return [problem('badName', where, `${at}: a name ${issue.issues[0]?.message ?? 'is not valid'}`)];
    case 'invalid_union':
      return [problem('wrongType', where, `${at}: ${unionText(issue)}, got ${got}`)];
    default:
      return [problem('wrongValue', where, `${at}: ${issue.message}, got ${got}`)];
  }
}

function unionText(issue: Issue & { code: 'invalid_union' }): string {
  if ('discriminator' in issue && issue.discriminator) return `'${issue.discriminator}' has no known value`;
  const expected = issue.errors
    .flat()
    .map(e =>
      'expected' in e
        ? String(e.expected)
        : 'values' in e
          ? e.values.map(v => JSON.stringify(v)).join(', ')
          : e.message,
    );
  return `expected ${[...new Set(expected)].join(' or ')}`;
}

/** The keys the schema knows at a path, read from its own refusal of an impossible key. */
function knownKeys(path: readonly PropertyKey[]): string[] {
  let schema: unknown = recipeSchema;
  for (const part of path) schema = childSchema(unwrap(schema), part);
  const inner = unwrap(schema) as { shape?: Record<string, unknown>; options?: unknown[] };
  if (inner.shape) return Object.keys(inner.shape);
  return (inner.options ?? []).flatMap(o => Object.keys((unwrap(o) as { shape?: object }).shape ?? {}));
}

function unwrap(schema: unknown): unknown {
  let s = schema as { def?: { innerType?: unknown } } | undefined;
  while (s?.def?.innerType) s = s.def.innerType as typeof s;
  return s;
}

function childSchema(schema: unknown, part: PropertyKey): unknown {
  const s = schema as {
    shape?: Record<string, unknown>;
    element?: unknown;
    valueType?: unknown;
    options?: unknown[];
  };
  if (s?.shape) return s.shape[String(part)];
  if (s?.options) {
    const option = s.options.map(unwrap).find(o => String(part) in ((o as { shape?: object }).shape ?? {}));
    return option ? childSchema(option, part) : undefined;
  }
  return s?.element ?? s?.valueType;
}

function valueAt(root: Node, path: readonly PropertyKey[]): unknown {
  const node = findNodeAtLocation(root, path as (string | number)[]);
  return node ? getNodeValue(node) : undefined;
}

function describe(value: unknown): string {
  if (value === undefined) return 'nothing';
  const text = JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}

function join(path: string, key: string): string {
  return path ? `${path}.${key}` : key;
}

function pathText(path: readonly PropertyKey[]): string {
  return path.reduce<string>((text, p) => (typeof p === 'number' ? `${text}[${p}]` : join(text, String(p))), '');
}

/** The place of a problem in the text: the value at its path, or the nearest part above that exists. */
function withRange(p: Problem, root: Node): Problem {
  if (p.range) return p;
  const parts = p.where
    .split(/[.[\]]+/)
    .filter(Boolean)
    .map(s => (/^\d+$/.test(s) ? Number(s) : s));
  for (let n = parts.length; n >= 0; n--) {
    const node = findNodeAtLocation(root, parts.slice(0, n));
    if (node) {
      const shown = p.code === 'unknownKey' || p.code === 'badName' ? (node.parent?.children?.[0] ?? node) : node;
      return { ...p, range: { start: shown.offset, end: shown.offset + shown.length } };
    }
  }
  return p;
}
