import { getNodeValue, type JSONPath, type Node } from 'jsonc-parser';
import type { z } from 'zod';
import { nearest } from '../text/nearest.ts';
import { mostProblems } from './limits.ts';
import { nodeAt } from './nodes.ts';
import { type PartProblem, type ProblemCode, pathText } from './problem.ts';
import { type Recipe, recipeSchema } from './schema.ts';
import { schemasAt } from './schemaTree.ts';

type Issue = z.core.$ZodIssue;

/** What the schema accepts of a recipe, what it refuses and why. */
export interface SchemaReading {
  /** The recipe without the parts that were refused; undefined where nothing is left. */
  parts?: Recipe;
  refused: JSONPath[];
  /** The first of them. */
  problems: PartProblem[];
  /** How many more there are. */
  left: number;
}

/** zod reports some issues only once others are gone, so the recipe is parsed again without the refused parts. */
const mostRounds = 6;

export function readBySchema(root: Node): SchemaReading {
  let value: unknown = getNodeValue(root);
  const refused: JSONPath[] = [];
  let told: Pick<SchemaReading, 'problems' | 'left'> | undefined;
  for (let round = 0; round < mostRounds; round++) {
    const { data, error } = recipeSchema.safeParse(value);
    told ??= firstOf(error?.issues ?? [], root);
    if (!error) return { parts: data, refused, ...told };
    for (const path of error.issues.flatMap(i => refusedPaths(i, value))) {
      refused.push(path);
      if (path.length === 0) value = undefined;
      else remove(value, path);
    }
  }
  return { refused, problems: [], left: 0, ...told };
}

function firstOf(issues: readonly Issue[], root: Node): Pick<SchemaReading, 'problems' | 'left'> {
  const problems: PartProblem[] = [];
  let left = 0;
  for (const issue of issues) {
    const room = mostProblems - problems.length;
    const keys = issue.code === 'unrecognized_keys' ? issue.keys : undefined;
    left += Math.max(0, (keys?.length ?? 1) - room);
    if (room === 0) continue;
    for (const problem of issueProblems(keys ? ({ ...issue, keys: keys.slice(0, room) } as Issue) : issue, root))
      problems.push(problem);
  }
  return { problems, left };
}

/** What to remove for an issue to disappear: the value, or the object that lacks it; a whole list, so that no index shifts. */
function refusedPaths(issue: Issue, value: unknown): JSONPath[] {
  const path = issue.path as JSONPath;
  if (issue.code === 'unrecognized_keys') return issue.keys.map(key => [...path, key]);
  const lacks = issue.code !== 'invalid_key' && path.length > 0 && valueAt(value, path) === undefined;
  const own = lacks ? path.slice(0, -1) : path;
  const list = own.findIndex(part => typeof part === 'number');
  return [list < 0 ? own : own.slice(0, list)];
}

function valueAt(value: unknown, path: JSONPath): unknown {
  return path.reduce<unknown>((at, part) => (at as Record<PropertyKey, unknown> | null | undefined)?.[part], value);
}

function remove(value: unknown, path: JSONPath): void {
  const parent = valueAt(value, path.slice(0, -1));
  if (typeof parent === 'object' && parent !== null) delete (parent as Record<PropertyKey, unknown>)[path.at(-1)!];
}

function issueProblems(issue: Issue, root: Node): PartProblem[] {
  const path = issue.path as JSONPath;
  const at = pathText(path) || 'the recipe';
  const node = nodeAt(root, path);
  const value: unknown = node && getNodeValue(node);
  const got = describe(value);
  const problem = (code: ProblemCode, message: string, more: Partial<PartProblem> = {}): PartProblem => ({
    ...{ code, path, on: 'value', message: `${at}: ${message}` },
    ...more,
  });
  switch (issue.code) {
    case 'unrecognized_keys': {
      const known = keysAt(path, getNodeValue(root));
      return issue.keys.map(key => {
        const where = [...path, key];
        const guess = nearest(key, known);
        const message = `'${pathText(where)}' is not a key of a recipe${guess ? `; did you mean '${guess}'?` : ''}`;
        return problem('unknownKey', '', { path: where, on: 'key', message, replacement: quoted(guess) });
      });
    }
    case 'invalid_type': {
      const replacement = unquotedNumber(value, [issue.expected]);
      return [problem('wrongType', `must be ${typeText(issue.expected)}, got ${got}`, { replacement })];
    }
    case 'invalid_value': {
      const values = issue.values.map(v => JSON.stringify(v)).join(', ');
      const guess = nearestTo(value, issue.values.map(String));
      const hint = guess ? `; did you mean '${guess}'?` : '';
      return [problem('wrongValue', `must be one of ${values}, got ${got}${hint}`, { replacement: quoted(guess) })];
    }
    case 'too_small':
    case 'too_big':
      return [problem('wrongValue', `${rangeText(issue)}, got ${got}`)];
    case 'invalid_key':
      return [problem('badName', `a name ${issue.issues[0]?.message ?? 'is not valid'}`, { on: 'key' })];
    case 'invalid_union':
      return [unionProblem(issue, path, root, problem, got)];
    default:
      return [problem('wrongValue', `${issue.message}, got ${got}`)];
  }
}

/** `must be at least 1`, `must have at most 3 characters`. */
function rangeText(issue: Issue & { code: 'too_small' | 'too_big' }): string {
  const { origin, inclusive = true } = issue;
  const [side, bound] =
    issue.code === 'too_small'
      ? [inclusive ? 'at least' : 'more than', issue.minimum]
      : [inclusive ? 'at most' : 'less than', issue.maximum];
  if (['number', 'int'].includes(origin)) return `must be ${side} ${bound}`;
  if (issue.code === 'too_small' && Number(bound) === 1) return 'must not be empty';
  return `must have ${side} ${bound} ${origin === 'string' ? 'characters' : 'entries'}`;
}

type MakeProblem = (code: ProblemCode, message: string, more?: Partial<PartProblem>) => PartProblem;

function unionProblem(
  issue: Issue & { code: 'invalid_union' },
  path: JSONPath,
  root: Node,
  problem: MakeProblem,
  got: string,
): PartProblem {
  const key = 'discriminator' in issue ? String(issue.discriminator ?? '') : '';
  if (key) {
    const constants = schemasAt(path.slice(0, -1)).map(form => String(form.properties?.[key]?.const));
    const node = nodeAt(root, path);
    const guess = node && nearestTo(getNodeValue(node), constants);
    const expected = constants.map(c => JSON.stringify(c)).join(', ');
    const hint = guess ? `; did you mean '${guess}'?` : '';
    return problem('wrongValue', `must be one of ${expected}, got ${got}${hint}`, { replacement: quoted(guess) });
  }
  const expected = [...new Set(issue.errors.flat().map(expectedText))];
  const node = nodeAt(root, path);
  const isListed = node?.type === 'string' && expected.includes('array');
  const replacement = isListed
    ? `[${JSON.stringify(node.value)}]`
    : unquotedNumber(node && getNodeValue(node), expected);
  const needed = expected.map(type => typeText(type)).join(' or ');
  return problem('wrongType', `must be ${needed}, got ${got}`, { replacement });
}

/** A number that was written in quotes, where one is expected. */
function unquotedNumber(value: unknown, expected: readonly string[]): string | undefined {
  if (!expected.includes('number') && !expected.includes('int')) return undefined;
  const isNumber = typeof value === 'string' && value.trim() !== '' && Number.isFinite(Number(value));
  return isNumber ? String(Number(value)) : undefined;
}

/** A type of JSON, or a value, as people say it. */
function typeText(type: string): string {
  const texts: Record<string, string> = {
    string: 'a text in quotes',
    number: 'a number',
    int: 'a whole number',
    boolean: 'true or false',
    array: 'a list in [ ]',
    object: 'a group of keys in { }',
    record: 'a group of names in { }',
    'regular expression': 'a regular expression',
  };
  return texts[type] ?? type;
}

function nearestTo(value: unknown, candidates: string[]): string | undefined {
  return typeof value === 'string' ? nearest(value, candidates) : undefined;
}

function expectedText(issue: Issue): string {
  if ('expected' in issue) return String(issue.expected);
  return 'values' in issue ? issue.values.map(v => JSON.stringify(v)).join(', ') : issue.message;
}

function keysAt(path: JSONPath, value: unknown): string[] {
  return schemasAt(path, value).flatMap(s => Object.keys(s.properties ?? {}));
}

function quoted(text: string | undefined): string | undefined {
  return text === undefined ? undefined : JSON.stringify(text);
}

function describe(value: unknown): string {
  if (value === undefined) return 'nothing';
  // JSON.stringify writes null for a number beyond the range of F64.
  if (typeof value === 'number') return String(value);
  const text = JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}
