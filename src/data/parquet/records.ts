import type { ColumnValues } from './column.ts';
import type { SchemaNode } from './metadata.ts';

/** A column with the nodes of the schema from the root's child down to it. */
export interface LeafColumn extends ColumnValues {
  path: readonly SchemaNode[];
}

type Group = Record<string, unknown>;
/** Without a prototype, so that no name of a column is special. */
const newGroup = (): Group => Object.create(null) as Group;

/**
 * The rows of a row group, as objects, lists and scalars (Melnik et al. 2010, §4.1: a repetition level says which list
 * goes on, a definition level how much of the path is there). Throws where columns have not the same rows.
 */
export function assembleRows(root: SchemaNode, columns: readonly LeafColumn[], count: number): Group[] {
  const rows = Array.from({ length: count }, newGroup);
  for (const column of columns) placeColumn(column, rows);
  return rows.map(row => shaped(row, { ...root, kind: undefined }) as Group);
}

function placeColumn({ path, values, definitions, repetitions, entries }: LeafColumn, rows: Group[]): void {
  const deepest = path.filter(n => n.repetition !== 'required').length;
  // Of each list along the path the place that is written.
  const places: number[] = path.filter(n => n.repetition === 'repeated').map(() => 0);
  let row = -1;
  let next = 0;
  for (let entry = 0; entry < entries; entry++) {
    const repetition = repetitions ? repetitions[entry]! : 0;
    if (repetition === 0) row++;
    else if (repetition > places.length) throw new Error('a list is nested more deeply than the schema says');
    else places[repetition - 1]!++;
    places.fill(0, repetition);
    if (row < 0 || row >= rows.length) throw new Error('its columns have different numbers of rows');
    const depth = definitions ? definitions[entry]! : deepest;
    const value = depth === deepest ? values[next++] : null;
    placeValue(rows[row]!, path, places, depth, value);
  }
  if (row !== rows.length - 1) throw new Error('its columns have different numbers of rows');
}

function placeValue(row: Group, path: readonly SchemaNode[], places: readonly number[], depth: number, value: unknown) {
  let group = row;
  let defined = 0;
  let list = 0;
  for (const [i, { name, repetition }] of path.entries()) {
    const isThere = repetition === 'required' || depth > defined;
    if (repetition === 'repeated') {
      const items = (group[name] ??= []) as unknown[];
      if (!isThere) return;
      const place = places[list++]!;
      if (place > items.length) throw new Error('an entry of a list is missing');
      if (i === path.length - 1) items[place] = value;
      else group = (items[place] ??= newGroup()) as Group;
    } else if (!isThere) {
      group[name] ??= null;
      return;
    } else if (i === path.length - 1) group[name] = value;
    else group = (group[name] ??= newGroup()) as Group;
    if (repetition !== 'required') defined++;
  }
}

/** Lists and maps without the groups that the format wraps them in (LogicalTypes.md of apache/parquet-format). */
function shaped(value: unknown, node: SchemaNode): unknown {
  if (node.children.length === 0 || value === null || value === undefined) return value;
  const group = value as Group;
  const [inner] = node.children;
  if (node.kind && inner?.repetition === 'repeated' && node.children.length === 1) {
    const items = (group[inner.name] ?? []) as Group[];
    const [key, content] = inner.children;
    if (node.kind === 'map' && key && content)
      return Object.fromEntries(items.map(i => [String(i[key.name]), field(i, content)]));
    if (inner.children.length === 1) return items.map(i => field(i, key!));
    return items.map(i => shaped(i, inner));
  }
  return Object.fromEntries(node.children.map(child => [child.name, field(group, child)]));
}

function field(group: Group, node: SchemaNode): unknown {
  const value = group[node.name];
  if (node.repetition === 'repeated') return (value as unknown[] | undefined)?.map(each => shaped(each, node)) ?? [];
  return shaped(value, node);
}
