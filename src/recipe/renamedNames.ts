import { parse } from 'jsonc-parser';
import { type NameKind, nameUses } from './names.ts';

/** What has a name of its own, in a recipe's text as it was saved. */
export interface DefinedNames {
  names: Record<NameKind, string[]>;
  /** The experts that have data, with the file that each learns from. */
  data: Map<string, string>;
}

/** A name that takes the place of another. */
export interface RenamedName {
  kind: NameKind;
  from: string;
  to: string;
}

export function definedNames(text: string): DefinedNames {
  const recipe = parse(text, [], { allowTrailingComma: true }) as unknown;
  const names: DefinedNames['names'] = { expert: [], blend: [], merge: [], set: [], engine: [] };
  for (const { name, kinds, isDefinition } of nameUses(recipe)) if (isDefinition) names[kinds[0]!].push(name);
  const experts = names.expert.map(name => [name, trainOf(recipe, name)] as const);
  return { names, data: new Map(experts.flatMap(([name, train]) => (train === undefined ? [] : [[name, train]]))) };
}

/** The text need not be a valid recipe. */
function trainOf(recipe: unknown, expert: string): string | undefined {
  const { experts } = recipe as { experts?: Record<string, { data?: { train?: unknown } } | undefined> };
  const train = experts?.[expert]?.data?.train;
  return typeof train === 'string' ? train : undefined;
}

/**
 * Which names of an earlier text stand for the same under another name in a later one, by the renames that were asked for
 * in between: one after the other, undone, or never made. They are to be followed in their order.
 */
export function followedNames(before: DefinedNames, after: DefinedNames, asked: readonly RenamedName[]): RenamedName[] {
  const renamed = (Object.keys(before.names) as NameKind[]).flatMap(kind => {
    const fresh = after.names[kind].filter(name => !before.names[kind].includes(name));
    const links = asked.filter(link => link.kind === kind);
    return goneOf(before, after, kind).flatMap(from => {
      const to = reachable(from, links).find(name => fresh.includes(name));
      return to === undefined ? [] : [{ kind, from, to }];
    });
  });
  return [...renamed, ...exchanged(before, after)];
}

/**
 * Experts that have exchanged their names, or their data, which comes to the same: each now learns from the file that
 * another had learned from. What was learned follows its file, by way of a name that nobody has.
 */
function exchanged(before: DefinedNames, after: DefinedNames): RenamedName[] {
  const left = new Map(
    [...before.data].flatMap(([from, file]) => {
      const to = onlyOneWith(after, file);
      const isExchange = to !== undefined && to !== from && before.data.has(to) && after.data.has(from);
      return isExchange && onlyOneWith(before, file) !== undefined ? [[from, to] as const] : [];
    }),
  );
  const renames: RenamedName[] = [];
  for (const first of left.keys()) {
    const cycle = [first];
    for (let next = left.get(first); next !== undefined && next !== first; next = left.get(next)) {
      // It ends elsewhere: with an expert that is new, or with one that is gone.
      if (cycle.includes(next)) break;
      cycle.push(next);
    }
    if (left.get(cycle.at(-1)!) !== first || cycle.length < 2) continue;
    for (const name of cycle) left.delete(name);
    const aside = freeName(first, [...before.names.expert, ...after.names.expert]);
    const move = (from: string, to: string) => renames.push({ kind: 'expert', from, to });
    move(cycle.at(-1)!, aside);
    for (let i = cycle.length - 2; i >= 0; i--) move(cycle[i]!, cycle[i + 1]!);
    move(aside, first);
  }
  return renames;
}

/** The expert that learns from a file, where it is one alone. */
function onlyOneWith({ data }: DefinedNames, file: string): string | undefined {
  const [name, ...others] = [...data].filter(([, own]) => own === file).map(([expert]) => expert);
  return others.length === 0 ? name : undefined;
}

function freeName(name: string, taken: readonly string[]): string {
  let free = `${name}-aside`;
  for (let i = 2; taken.includes(free); i++) free = `${name}-aside-${i}`;
  return free;
}

function reachable(name: string, links: readonly RenamedName[]): string[] {
  const names = [name];
  for (const at of names)
    for (const { from, to } of links)
      for (const next of at === from ? [to] : at === to ? [from] : []) if (!names.includes(next)) names.push(next);
  return names;
}

function goneOf(before: DefinedNames, after: DefinedNames, kind: NameKind): string[] {
  return before.names[kind].filter(name => !after.names[kind].includes(name));
}

/** Experts that are gone, each with those that came and may be it: first of all those that learn from the same file. */
export function mayBeRenamed(before: DefinedNames, after: DefinedNames): { from: string; candidates: string[] }[] {
  const fresh = after.names.expert.filter(name => !before.names.expert.includes(name) && after.data.has(name));
  return goneOf(before, after, 'expert').flatMap(from => {
    const isSame = (name: string) => after.data.get(name) === before.data.get(from);
    const candidates = [...fresh.filter(isSame), ...fresh.filter(name => !isSame(name))];
    return candidates.length > 0 ? [{ from, candidates }] : [];
  });
}
