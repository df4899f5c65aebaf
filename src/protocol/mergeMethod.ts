/** How experts are merged, each in a sentence; those on factors need equal ranks. */
export const mergeMethodTexts = {
  cat: 'The factors side by side: exact for any ranks, and as large as all of them together.',
  linear: 'The factors added up, A and B apart: cross terms make it inexact, and ranks must be equal.',
  svd: 'The exact sum, cut down to a rank by singular values: the best that fits this rank.',
  ties: 'The largest entries of the factors, those of the majority’s sign averaged (Yadav et al. 2023). Equal ranks.',
  dare_linear: 'Entries of the factors dropped at random, the rest scaled up and added (Yu et al. 2024). Equal ranks.',
  dare_ties: 'Entries of the factors dropped at random, those of the majority’s sign averaged. Equal ranks.',
  magnitude_prune: 'The largest entries of the factors, added up. Equal ranks.',
  ties_svd: 'As ties, on the whole deltas, cut down to a rank by singular values. Any ranks.',
  dare_linear_svd: 'As dare_linear, on the whole deltas, cut down to a rank by singular values. Any ranks.',
  dare_ties_svd: 'As dare_ties, on the whole deltas, cut down to a rank by singular values. Any ranks.',
  magnitude_prune_svd: 'As magnitude_prune, on the whole deltas, cut down to a rank by singular values. Any ranks.',
  regmean:
    'Fitted to the experts’ data: in least squares, the outputs that each expert gives to its own texts (Jin et al. 2023). Any ranks; as large as all of them together.',
  learned:
    'Fitted to the experts’ data: a weight for each layer and direction of the ranks, found by gradient on their answers. Any ranks; as large as all of them together.',
  distilled:
    'Fitted to the experts’ data: one adapter of a chosen rank, trained to give each expert’s probabilities on its texts. Any ranks; the slowest.',
} as const;

export type MergeMethod = keyof typeof mergeMethodTexts;
export const mergeMethods = Object.keys(mergeMethodTexts) as MergeMethod[];

/** Methods that read examples of the experts' own data: of a recipe's experts alone. */
const fittedMethods = ['regmean', 'learned', 'distilled'] as const satisfies MergeMethod[];
export type FittedMethod = (typeof fittedMethods)[number];

export function isFitted(method: MergeMethod): method is FittedMethod {
  return (fittedMethods as readonly MergeMethod[]).includes(method);
}

/** Methods that need the factors alone. */
export const fixedMethods = mergeMethods.filter(method => !isFitted(method));
