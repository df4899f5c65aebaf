import type { JSONPath } from 'jsonc-parser';

/** What has a name in a recipe. */
export type NameKind = 'expert' | 'blend' | 'merge' | 'set' | 'engine';

/** A place where a name is given or used. */
export interface NameUse {
  /** What the name can stand for; several where an expert or a merge may answer. */
  kinds: NameKind[];
  isDefinition: boolean;
  name: string;
  path: JSONPath;
  /** Whether the name is the key or the value at the path. */
  on: 'key' | 'value';
}

/** Names of experts, blends, merges and sets: they become files and are typed at a prompt. */
export const namePattern = /^[A-Za-z0-9][A-Za-z0-9_.-]*$/;
export const nameRule = 'starts with a letter or digit; letters, digits, "_", "-" and "." follow';

/** Names that stand for something without being defined, wherever one can say who answers. */
export const reservedNames: readonly string[] = ['base', 'auto'];

/** Names that can stand where these kinds are named, without being defined. */
export function impliedNames([kind, ...others]: readonly NameKind[]): readonly string[] {
  if (kind === 'engine') return ['local'];
  return others.length > 0 ? reservedNames : [];
}

/** Names that nothing of a kind can have. */
export function refusedNames(kind: NameKind): readonly string[] {
  if (kind === 'engine') return impliedNames([kind]);
  return kind === 'set' ? [] : reservedNames;
}

/** The kinds among which a name of this kind stands once: an expert and a merge are asked in the same way. */
export function kindsSharingNames(kind: NameKind): readonly NameKind[] {
  return kind === 'expert' || kind === 'merge' ? ['expert', 'merge'] : [kind];
}

/** Every place of a recipe that holds a name: `*` is any key or index; a last `*` on a key is the name itself. */
const places: [path: string, kinds: NameKind[], on: 'key' | 'value', definition?: true][] = [
  ['experts.*', ['expert'], 'key', true],
  ['blends.*', ['blend'], 'key', true],
  ['merges.*', ['merge'], 'key', true],
  ['evaluation.sets.*', ['set'], 'key', true],
  ['engines.*', ['engine'], 'key', true],
  ['blends.*.*', ['expert'], 'key'],
  ['merges.*.weights.*', ['expert'], 'key'],
  ['evaluation.sets.*.expert', ['expert'], 'value'],
  ['evaluation.sets.*.minimum.*', ['expert', 'blend', 'merge'], 'key'],
  ['evaluation.sequential.order.*', ['expert'], 'value'],
  ['router.keywords.*', ['expert'], 'key'],
  ['engines.*.experts.*', ['expert'], 'key'],
  ['answering', ['engine'], 'value'],
  ['steps.*.experts.*', ['expert'], 'value'],
  ['steps.*.expert', ['expert', 'merge'], 'value'],
  ['steps.*.weights.*', ['expert'], 'key'],
  ['steps.*.blend', ['blend'], 'value'],
  ['steps.*.blends.*', ['blend'], 'value'],
  ['steps.*.merge', ['merge'], 'value'],
  ['steps.*.sets.*', ['set'], 'value'],
];

/** The names at one path of a recipe: what a key or value there would stand for. */
export function namesAt(path: JSONPath, on: 'key' | 'value'): { kinds: NameKind[]; isDefinition: boolean } | undefined {
  const place = places.find(([pattern, , where]) => where === on && fits(path, pattern));
  return place && { kinds: place[1], isDefinition: place[3] === true };
}

function fits(path: JSONPath, pattern: string): boolean {
  const parts = pattern.split('.');
  return parts.length === path.length && parts.every((part, i) => part === '*' || part === path[i]);
}

/** All names of a recipe, as a value that need not be valid, in the order of the table of places. */
export function nameUses(recipe: unknown): NameUse[] {
  return places.flatMap(([pattern, kinds, on, definition]) =>
    expand(recipe, pattern.split('.')).flatMap(({ path, value }) => {
      const name = on === 'key' ? path.at(-1) : value;
      return typeof name === 'string' ? [{ kinds, isDefinition: definition === true, name, path, on }] : [];
    }),
  );
}

function expand(value: unknown, pattern: string[], path: JSONPath = []): { path: JSONPath; value: unknown }[] {
  const [part, ...rest] = pattern;
  if (part === undefined) return [{ path, value }];
  if (typeof value !== 'object' || value === null) return [];
  if (Array.isArray(value)) return part === '*' ? value.flatMap((item, i) => expand(item, rest, [...path, i])) : [];
  const keys = part === '*' ? Object.keys(value) : Object.hasOwn(value, part) ? [part] : [];
  return keys.flatMap(key => expand((value as Record<string, unknown>)[key], rest, [...path, key]));
}
