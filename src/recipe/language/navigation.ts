import { type Edit, getNodeValue, type Node } from 'jsonc-parser';
import {
  kindsSharingNames,
  type NameKind,
  type NameUse,
  namePattern,
  nameRule,
  nameUses,
  refusedNames,
} from '../names.ts';
import { nodeAt } from '../nodes.ts';
import type { RecipeReading } from '../parse.ts';
import { keyOf } from '../problem.ts';

/** A place where a name stands, its quotes apart. */
export interface NamePlace extends NameUse {
  range: { start: number; end: number };
}

/** Every name of a recipe with its place. */
function namePlaces({ root }: RecipeReading): NamePlace[] {
  if (!root) return [];
  return nameUses(getNodeValue(root)).flatMap(use => {
    const value = nodeAt(root, use.path);
    const node: Node | undefined = value && (use.on === 'key' ? keyOf(value) : value);
    return node ? [{ ...use, range: { start: node.offset + 1, end: node.offset + node.length - 1 } }] : [];
  });
}

/** The name at an offset and everything that stands for the same; undefined where there is no name. */
function sameAs(reading: RecipeReading, offset: number): { at: NamePlace; all: NamePlace[] } | undefined {
  const places = namePlaces(reading);
  const at = places.find(({ range }) => range.start - 1 <= offset && offset <= range.end + 1);
  if (!at) return undefined;
  const definition = places.find(p => p.isDefinition && p.name === at.name && overlap(p.kinds, at.kinds));
  const kinds = definition?.kinds ?? at.kinds;
  return { at, all: places.filter(p => p.name === at.name && overlap(p.kinds, kinds)) };
}

function overlap(a: readonly NameKind[], b: readonly NameKind[]): boolean {
  return a.some(kind => b.includes(kind));
}

/** Where the name at an offset is given. */
export function definitionAt(reading: RecipeReading, offset: number): NamePlace | undefined {
  return sameAs(reading, offset)?.all.find(p => p.isDefinition);
}

/** Every place of the name at an offset, where it is given first. */
export function referencesAt(reading: RecipeReading, offset: number): NamePlace[] {
  const all = sameAs(reading, offset)?.all ?? [];
  return [...all].sort((a, b) => Number(b.isDefinition) - Number(a.isDefinition));
}

/** What a rename at an offset would change; undefined where there is no name that the recipe gives. */
export function renameRange(reading: RecipeReading, offset: number): NamePlace['range'] | undefined {
  const found = sameAs(reading, offset);
  return found?.all.some(p => p.isDefinition) ? found.at.range : undefined;
}

/** The edits of a rename, or why it cannot be. */
export function renameAt(reading: RecipeReading, offset: number, name: string): Edit[] | { refused: string } {
  const found = sameAs(reading, offset);
  const definition = found?.all.find(p => p.isDefinition);
  if (!found || !definition)
    return { refused: 'Only experts, blends, merges, held-out sets and engines of this recipe can be renamed.' };
  if (!namePattern.test(name)) return { refused: `A name ${nameRule}.` };
  const [kind] = definition.kinds;
  const sharing = kindsSharingNames(kind!);
  const taken = namePlaces(reading).find(p => p.isDefinition && sharing.includes(p.kinds[0]!) && p.name === name);
  if (taken && name !== definition.name)
    return {
      refused: `There is ${/^e/.test(taken.kinds[0]!) ? 'an' : 'a'} ${taken.kinds[0]} called '${name}' already.`,
    };
  if (refusedNames(kind!).includes(name)) return { refused: `'${name}' has a meaning of its own.` };
  return found.all.map(({ range }) => ({ offset: range.start, length: range.end - range.start, content: name }));
}
