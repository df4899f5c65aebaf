import type { DescribeResult } from '../../protocol/engine/experts.ts';
import type { Target } from '../../protocol/target.ts';
import { auto, base, parseTarget } from '../../text/target.ts';

/** A model of the API: someone who answers. */
export interface ServedModel {
  id: string;
  target: Target;
  /** Where its adapter lies, for those that are one. */
  folder?: string;
}

/**
 * Everyone who can be asked: router, base, trained experts, made merges, loaded adapters, blends. Each is called by its
 * bare name, a blend that is called as another is `blend:NAME`.
 */
export function servedModels(
  { experts, merges, blends }: DescribeResult,
  adapters: ReadonlyMap<string, string>,
): ServedModel[] {
  const trained = experts.filter(expert => expert.isTrained);
  const named: ServedModel[] = [
    ...trained.map(({ name, adapter }) => ({ id: name, target: expert(name), folder: adapter?.folder })),
    ...merges
      .filter(merge => merge.isMade)
      .map(({ name, folder }) => ({ id: name, target: { kind: 'merge', name } as const, folder })),
    ...[...adapters].map(([name, folder]) => ({ id: name, target: expert(name), folder })),
  ];
  const taken = new Set(named.map(model => model.id));
  const mixed = blends
    .filter(blend => blend.isTrained)
    .map(({ name }) => ({
      id: taken.has(name) ? `blend:${name}` : name,
      target: { kind: 'blend', name } as const,
    }));
  // A router has to have someone to choose: without a recipe nobody is, and adapters that were loaded are asked by name.
  const isRouted = trained.length > 0;
  return [{ id: 'auto', target: isRouted ? auto : base }, { id: 'base', target: base }, ...named, ...mixed];
}

/** The model that a request names: by its id, by a target's word (`expert:math`, `weights:math=0.5,qa=0.5`), or none. */
export function findModel(name: string, models: readonly ServedModel[]): ServedModel | undefined {
  const listed = models.find(model => model.id === name);
  if (listed) return listed;
  const target = parseTarget(name);
  if (!target) return undefined;
  if (target.kind !== 'weights') return models.find(model => isSame(model.target, target));
  const isKnown = Object.keys(target.weights).every(expert => models.some(m => m.folder && m.id === expert));
  return isKnown ? { id: name, target } : undefined;
}

function expert(name: string): Target {
  return { kind: 'expert', name };
}

function isSame(a: Target, b: Target): boolean {
  const nameOf = (target: Target) => ('name' in target ? target.name : '');
  return a.kind === b.kind && nameOf(a) === nameOf(b);
}
