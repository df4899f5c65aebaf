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
} as const;

export type MergeMethod = keyof typeof mergeMethodTexts;
export const mergeMethods = Object.keys(mergeMethodTexts) as MergeMethod[];
