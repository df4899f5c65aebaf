import { realpathSync } from 'node:fs';
import { basename } from 'node:path';
import type { DescribedBase } from '../../protocol/engine/experts.ts';
import type { CachedModel, LocalModel, UnusableModel } from '../../protocol/engine/models.ts';
import { bytes, listing, magnitude } from '../../text/numbers.ts';
import { inMarkdown } from '../../text/shown.ts';
import { cachedName } from '../bases/getBaseItems.ts';
import { joined, type TreeRow } from './treeRow.ts';

/** A base on this machine. */
export interface BaseRef {
  /** As recipes name it; of a folder, its path. */
  name: string;
  folder: string;
  cached?: { repo: string; commit: string };
  bytes: number;
}

export interface KnownOfBases {
  embedded: DescribedBase;
  cached: readonly CachedModel[];
  /** What other programs keep here. */
  local?: readonly LocalModel[];
  /** What of the cache cannot be a base; it takes room all the same. */
  unusable?: readonly UnusableModel[];
  /** Recipes of the workspace with their bases. */
  recipes: readonly { name: string; isActive: boolean; base: DescribedBase }[];
}

type Base = Pick<DescribedBase, 'architecture' | 'parameters' | 'bytes' | 'memoryBytes'> & BaseRef;

/**
 * The embedded base, those of the Hugging Face cache, those of the workspace's recipes, and those of other programs; each
 * once.
 */
export function baseRows({ embedded, cached, local = [], unusable = [], recipes }: KnownOfBases): TreeRow<BaseRef>[] {
  const models = cached.map((model): Base => {
    const { repo, commit } = model;
    return { ...model, name: cachedName(model), cached: { repo, commit } };
  });
  const all: Base[] = [{ ...embedded, name: 'embedded' }, ...models];
  const isLocal = (base: DescribedBase) => local.some(model => isSame(model.path, base.folder));
  const own = recipes.filter(({ base }) => !isLocal(base) && !all.some(b => isSame(b.folder, base.folder)));
  for (const { base } of own)
    if (!all.some(b => isSame(b.folder, base.folder))) all.push({ ...base, name: base.folder });
  const rows = all.map(base =>
    baseRow(
      base,
      recipes.filter(r => isSame(r.base.folder, base.folder)),
    ),
  );
  // Ollama may have several names for one file: then the one that the recipe writes.
  const isNamed = (base: DescribedBase) => local.some(model => model.base === base.name);
  const localRows = local.map(model =>
    localRow(
      model,
      recipes.filter(({ base }) => (isNamed(base) ? base.name === model.base : isSame(base.folder, model.path))),
    ),
  );
  return [...rows, ...localRows, ...unusable.map(unusableRow)];
}

/** A model of another program, of which no more is known than its file's beginning says, unless a recipe uses it. */
function localRow(model: LocalModel, users: KnownOfBases['recipes']): TreeRow<BaseRef> {
  const { name, owner, base, path, reason, cached } = model;
  const isActive = users.some(u => u.isActive);
  const known = users[0]?.base;
  const figures = joined(
    owner,
    reason !== undefined && 'cannot be used',
    known && joined(known.architecture, magnitude(known.parameters)),
    bytes(model.bytes),
  );
  return {
    // Several names may lead to one file.
    id: base,
    label: name,
    description: joined(isActive && 'active recipe', figures),
    tooltip: [
      `**${inMarkdown(name)}**: kept by ${owner}`,
      ...(reason === undefined ? [] : [`Cannot be used as a base: ${inMarkdown(reason)}`]),
      ...(users.length > 0 ? [`Base of ${listing(users.map(u => inMarkdown(u.name)))}`] : []),
      inMarkdown(path),
    ],
    icon: reason === undefined ? 'file-binary' : 'warning',
    colour: isActive ? 'charts.green' : undefined,
    context: ['base', cached ? 'cached' : 'local', ...(reason !== undefined ? [] : [isActive ? 'active' : 'other'])],
    spoken: `base ${name}, ${isActive ? 'of the active recipe, ' : ''}${figures.replaceAll(' · ', ', ')}`,
    about: { name: base, folder: path, cached, bytes: model.bytes },
  };
}

function unusableRow(model: UnusableModel): TreeRow<BaseRef> {
  const { repo, commit, folder, reason } = model;
  const name = cachedName(model);
  return {
    id: folder,
    label: name,
    description: joined('cannot be used', bytes(model.bytes)),
    tooltip: [`**${inMarkdown(name)}**`, `Cannot be used as a base: ${inMarkdown(reason)}`, inMarkdown(folder)],
    icon: 'warning',
    context: ['base', 'cached', 'other'],
    spoken: `${name}, cannot be used as a base`,
    about: { name, folder, cached: { repo, commit }, bytes: model.bytes },
  };
}

function baseRow(base: Base, users: KnownOfBases['recipes']): TreeRow<BaseRef> {
  const { name, folder, cached, architecture, parameters } = base;
  const isActive = users.some(u => u.isActive);
  const label = cached || name === 'embedded' ? name : basename(folder);
  const figures = joined(architecture, magnitude(parameters), bytes(base.bytes));
  return {
    id: folder,
    label,
    description: joined(isActive && 'active recipe', figures),
    tooltip: [
      `**${inMarkdown(label)}**${name === 'embedded' ? ': comes with the extension' : ''}`,
      `${inMarkdown(architecture)}, ${magnitude(parameters)} parameters, ${bytes(base.bytes)} on disk`,
      `Answers within ${bytes(base.memoryBytes)} of memory`,
      ...(users.length > 0 ? [`Base of ${listing(users.map(u => inMarkdown(u.name)))}`] : []),
      inMarkdown(folder),
    ],
    icon: name === 'embedded' ? 'package' : cached ? 'database' : 'folder',
    colour: isActive ? 'charts.green' : undefined,
    context: ['base', cached ? 'cached' : name === 'embedded' ? 'embedded' : 'folder', isActive ? 'active' : 'other'],
    spoken: `base ${label}, ${isActive ? 'of the active recipe, ' : ''}${figures.replaceAll(' · ', ', ')}`,
    about: { name, folder, cached, bytes: base.bytes },
  };
}

/** Whether two paths are one folder, whatever links lead there. */
function isSame(a: string, b: string): boolean {
  return a === b || real(a) === real(b);
}

function real(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}
