import type { JSONPath } from 'jsonc-parser';
import { nodeAt } from '../nodes.ts';
import type { RecipeReading } from '../parse.ts';
import { dataUses } from './dataProblems.ts';

/** A part of a recipe that names a file or folder. */
export interface RecipeLink {
  /** Of the value, its quotes apart. */
  range: { start: number; end: number };
  path: string;
  /** `base` may name a model of the hub instead. */
  kind: 'data' | 'base' | 'adapter';
}

export function linksOf({ root, parts }: RecipeReading): RecipeLink[] {
  if (!root || !parts) return [];
  const named: [JSONPath, string | undefined, RecipeLink['kind']][] = [
    [['base'], parts.base, 'base'],
    ...dataUses(parts).map(({ path, file }): [JSONPath, string, 'data'] => [path, file, 'data']),
    ...Object.entries(parts.experts).flatMap(([name, expert]) =>
      (['adapter', 'startFrom'] as const).map((key): [JSONPath, string | undefined, 'adapter'] => [
        ['experts', name, key],
        expert[key],
        'adapter',
      ]),
    ),
  ];
  return named.flatMap(([at, path, kind]) => {
    const node = nodeAt(root, at);
    return node && path !== undefined
      ? [{ range: { start: node.offset + 1, end: node.offset + node.length - 1 }, path, kind }]
      : [];
  });
}
