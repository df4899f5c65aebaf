import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseSync } from '@swc/core';

/** A node of the parser's tree, of which only the shape is used. */
interface Node {
  type: string;
  [key: string]: unknown;
}

interface Source {
  /** Functions and other values at the file's top, by name. */
  declared: Map<string, Node>;
  /** What is imported from other files of the tests: name here → file and name there. */
  imported: Map<string, { path: string; name: string }>;
  tree: Node;
}

/**
 * Titles of the tests and steps of a file whose function asserts nothing: it neither calls `assert` nor throws, waits for
 * nothing to appear in a page, and calls no function of the tests that does, in this file or another.
 */
export function testsWithoutAssertion(path: string): string[] {
  const source = read(path);
  return testsOf(source.tree, path)
    .filter(({ work }) => !asserts(work, source, path, new Set()))
    .map(({ title }) => title);
}

/** Titles of the tests and steps that run nowhere: `test.skip`, or `skip` is a constant, no condition of the machine. */
export function skippedEverywhere(path: string): string[] {
  return testsOf(read(path).tree, path)
    .filter(({ isSkipped }) => isSkipped)
    .map(({ title }) => title);
}

interface Test {
  title: string;
  isSkipped: boolean;
  work: Node;
}

function testsOf(tree: Node, path: string): Test[] {
  const tests: Test[] = [];
  some(tree, node => {
    const test = asTest(node) ?? (path.includes('/inHost/') ? asCase(node) : undefined);
    if (test) tests.push(test);
    return false;
  });
  return tests;
}

/** `test('title', () => …)`, and so its steps. */
function asTest(node: Node): Test | undefined {
  const name = node.type === 'CallExpression' ? calledName(node) : undefined;
  if (!name || !/^(test|step|skip|todo)$/.test(name)) return undefined;
  const args = (node.arguments as { expression: Node }[]).map(({ expression }) => expression);
  const work = args.find(isFunction);
  const isSkipped = /^(skip|todo)$/.test(name) || args.some(arg => arg !== work && some(arg, isConstantSkip));
  return work && { title: textOf(args[0]!), isSkipped, work };
}

/** `'title': () => …`, as the suites in the extension host have them. */
function asCase(node: Node): Test | undefined {
  if (node.type !== 'KeyValueProperty') return undefined;
  const [key, work] = [node.key as Node, node.value as Node];
  return key.type === 'StringLiteral' && isFunction(work) ? { title: textOf(key), isSkipped: false, work } : undefined;
}

function isConstantSkip(node: Node): boolean {
  if (node.type !== 'KeyValueProperty' || !/^(skip|todo)$/.test(textOf(node.key as Node))) return false;
  const { type, value } = node.value as Node;
  return (type === 'BooleanLiteral' && value === true) || (type === 'StringLiteral' && value !== '');
}

const isFunction = (node: Node) => node.type === 'ArrowFunctionExpression' || node.type === 'FunctionExpression';

function textOf({ value, quasis }: Node): string {
  return typeof value === 'string' ? value : ((quasis as { raw: string }[]) ?? []).map(({ raw }) => raw).join('…');
}

/** `f` of both f() and a.b.f(). */
function calledName(call: Node): string | undefined {
  const callee = call.callee as Node;
  if (callee.type === 'MemberExpression') return (callee.property as { value?: string }).value;
  return callee.type === 'Identifier' ? (callee.value as string) : undefined;
}

function asserts(work: Node, source: Source, path: string, seen: Set<string>): boolean {
  return some(work, node => {
    if (node.type === 'ThrowStatement') return true;
    // An element of a page that does not come fails the test.
    if (node.type === 'CallExpression' && calledName(node) === 'waitFor') return true;
    return node.type === 'Identifier' && isAsserting(node.value as string, source, path, seen);
  });
}

function isAsserting(name: string, source: Source, path: string, seen: Set<string>): boolean {
  if (name === 'assert') return true;
  if (seen.has(`${path} ${name}`)) return false;
  seen.add(`${path} ${name}`);
  const declared = source.declared.get(name);
  if (declared) return asserts(declared, source, path, seen);
  const from = source.imported.get(name);
  return from !== undefined && isAsserting(from.name, read(from.path), from.path, seen);
}

const sources = new Map<string, Source>();

function read(path: string): Source {
  const known = sources.get(path);
  if (known) return known;
  const tree = parseSync(readFileSync(path, 'utf8'), { syntax: 'typescript', target: 'es2022' }) as unknown as Node;
  const source: Source = { declared: new Map(), imported: new Map(), tree };
  sources.set(path, source);
  for (const statement of tree.body as Node[]) {
    if (statement.type === 'ImportDeclaration') addImports(statement, path, source);
    else addDeclarations((statement.declaration as Node | undefined) ?? statement, source);
  }
  return source;
}

function addImports(statement: Node, path: string, { imported }: Source): void {
  const from = (statement.source as { value: string }).value;
  const file = join(dirname(path), from);
  if (!from.startsWith('.') || !/(^|\/)test\//.test(file) || !file.endsWith('.ts')) return;
  for (const { local, imported: there } of statement.specifiers as { local: Named; imported?: Named | null }[])
    imported.set(local.value, { path: file, name: (there ?? local).value });
}

interface Named {
  value: string;
}

function addDeclarations(node: Node, { declared }: Source): void {
  if (node.type === 'FunctionDeclaration') declared.set((node.identifier as unknown as Named).value, node);
  if (node.type === 'VariableDeclaration')
    for (const each of node.declarations as { id: Partial<Named>; init?: Node }[])
      if (each.id.value && each.init) declared.set(each.id.value, each.init);
}

function some(value: unknown, isIt: (node: Node) => boolean): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if ('type' in value && typeof value.type === 'string' && isIt(value as Node)) return true;
  return Object.values(value).some(inner => some(inner, isIt));
}
