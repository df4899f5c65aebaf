import type { MergeMethod } from '../../protocol/mergeMethod.ts';

/** What a sign is elected by: the sum of the values, or the count of their signs. */
export type MajoritySign = 'total' | 'frequency';

/*
 * The methods by which experts are merged for good, as combinations of parts. To add one: its name and what it does in a
 * sentence in protocol/mergeMethod.ts, and its parts here. A part that no method has yet gets a name in `MethodParts`, and
 * its arithmetic in mergeModule.ts (`on`) or combineTensors.ts (`prune`, `elect`).
 */

/** What a method is made of. */
export interface MethodParts {
  /**
   * `stack`: factors side by side; `factors`: the A and the B apart; `delta`: scaling · B · A, refactored by SVD; `data`:
   * factors side by side, fitted to examples of the experts' own data.
   */
  on: 'stack' | 'factors' | 'delta' | 'data';
  /** Which entries are dropped first. */
  prune: 'none' | 'magnitude' | 'random';
  /** True where only the entries of the majority's sign are averaged (TIES), false where all are summed. */
  elect: boolean;
}

/** The parts of each method; names and arithmetic of those that need no data are those of PEFT's `add_weighted_adapter`. */
export const methodParts: Record<MergeMethod, MethodParts> = {
  cat: { on: 'stack', prune: 'none', elect: false },
  linear: { on: 'factors', prune: 'none', elect: false },
  svd: { on: 'delta', prune: 'none', elect: false },
  ties: { on: 'factors', prune: 'magnitude', elect: true },
  ties_svd: { on: 'delta', prune: 'magnitude', elect: true },
  dare_linear: { on: 'factors', prune: 'random', elect: false },
  dare_linear_svd: { on: 'delta', prune: 'random', elect: false },
  dare_ties: { on: 'factors', prune: 'random', elect: true },
  dare_ties_svd: { on: 'delta', prune: 'random', elect: true },
  magnitude_prune: { on: 'factors', prune: 'magnitude', elect: false },
  magnitude_prune_svd: { on: 'delta', prune: 'magnitude', elect: false },
  regmean: { on: 'data', prune: 'none', elect: false },
  learned: { on: 'data', prune: 'none', elect: false },
  distilled: { on: 'data', prune: 'none', elect: false },
};

/** Settings of a merge beside its experts. */
export const mergeSettingNames = [
  'density',
  'rank',
  'energy',
  'majoritySign',
  'seed',
  'examples',
  'shrinkage',
  'per',
  'epochs',
  'steps',
] as const;
export type MergeSetting = (typeof mergeSettingNames)[number];

/** The settings that a method reads; the others have no effect on it. */
export function methodSettings(method: MergeMethod): MergeSetting[] {
  const { on, prune, elect } = methodParts[method];
  return [
    ...(prune === 'none' ? [] : (['density'] as const)),
    ...(prune === 'random' ? (['seed'] as const) : []),
    ...(elect ? (['majoritySign'] as const) : []),
    ...(on === 'delta' ? (['rank'] as const) : []),
    ...(on === 'data' ? (['rank', 'examples'] as const) : []),
    ...(method === 'regmean' || method === 'learned' ? (['energy'] as const) : []),
    ...(method === 'regmean' || method === 'distilled' ? (['shrinkage'] as const) : []),
    ...(method === 'learned' ? (['per', 'epochs'] as const) : []),
    ...(method === 'distilled' ? (['steps'] as const) : []),
  ];
}
