import { findNodeAtLocation, type JSONPath, type Node } from 'jsonc-parser';
import type { Problem } from '../protocol/errors.ts';
import { type ProblemCode, severityOf } from './problemCodes.ts';

/** A problem of one part of a recipe, before its place in the text is known. */
export interface PartProblem extends Omit<Problem, 'code' | 'severity' | 'where' | 'range'> {
  code: ProblemCode;
  path: JSONPath;
  /** Marked where the part has a key: a name rather than all that is said of it. */
  on: 'key' | 'value';
}

/** A path as messages write it: `steps[0].expert`. */
export function pathText(path: readonly PropertyKey[]): string {
  return path.reduce<string>((text, p) => {
    if (typeof p === 'number') return `${text}[${p}]`;
    return text ? `${text}.${String(p)}` : String(p);
  }, '');
}

/** The problem with its place in the text: that of its part, or of the nearest part above that exists. */
export function placeProblem<P extends PartProblem>(
  { path, on, ...problem }: P,
  root: Node,
): Problem & Omit<P, 'path' | 'on'> {
  const where = pathText(path);
  const severity = severityOf(problem.code);
  for (let n = path.length; n >= 0; n--) {
    const node = findNodeAtLocation(root, path.slice(0, n));
    if (!node) continue;
    const { offset, length } = on === 'key' || n < path.length ? keyOf(node) : node;
    return { ...problem, severity, where, range: { start: offset, end: offset + length } };
  }
  return { ...problem, severity, where };
}

/** The key of a value that has one, else the value. */
export function keyOf(node: Node): Node {
  return node.parent?.type === 'property' ? node.parent.children![0]! : node;
}
