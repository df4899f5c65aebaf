/** Every kind of problem that a recipe can have: its code, and what it means. docs/recipe-reference.md is made from it. */
export const problemCodes = {
  empty: 'The file is empty.',
  syntax: 'The text is not JSON with comments.',
  tooLarge: 'The file is too large for a recipe: a dataset, or a model, under the wrong name.',
  tooDeep: 'Brackets nest without end: one is left open.',
  duplicateKey: 'A key is written twice in one object; the last alone would count.',
  unknownKey: 'A key that recipes do not have.',
  wrongType: 'A value of another type than its key takes.',
  wrongValue: 'A value out of the range, or the list, of those that its key takes.',
  badName: 'A name with other signs than letters, digits, `_`, `-` and `.`.',
  reservedName: '`base` and `auto` stand for the base and the router; no expert can be called so.',
  nothingToTrain: 'An expert that has neither data to be trained on nor an adapter to load.',
  dataAndAdapter: 'An expert that has both data and an adapter: it is not clear which one counts.',
  unknownExpert: 'The name of an expert that the recipe does not define.',
  unknownBlend: 'The name of a blend that the recipe does not define.',
  unknownMerge: 'The name of a merge that the recipe does not define.',
  unknownSet: 'The name of a held-out set that the recipe does not define.',
  badWeights: 'Weights that mean nothing: there is none, or all are zero.',
  zeroWeight: 'An expert of weight zero takes no part.',
  negativeWeight:
    'A negative weight subtracts what an expert learned. A comment in the same line, or above it, says that it is meant.',
  unequalRanks: 'The merge combines factors entry by entry, which needs equal ranks; `cat` and the svd forms take any.',
  unusedSetting: 'A setting that the merge’s method does not read.',
  badBase: 'The base is not there, is not complete, or is of an architecture that is not supported.',
  unknownTarget: 'A target that is no linear layer of the base.',
  rankAboveLayer: 'A rank above the smaller side of a layer: more than a full matrix of that layer holds.',
  missingFile: 'A dataset that is not there.',
  badData: 'A dataset with lines that cannot be read; they are marked in the dataset, too.',
  badColumns: 'A dataset whose fields, or columns, are not those of any form of example.',
  missingTests: 'The scorer `code` runs the tests of each example; the dataset has no field `tests`.',
  heldOutOverlap: 'A held-out set with prompts that are trained on: its score would say nothing.',
  badAdapter: 'An adapter that is not there, or that cannot be applied exactly.',
  otherBase: 'The adapter was trained on a base with other weights: the hashes differ.',
  otherTemplate:
    'The adapter was trained with another chat template than the base has: prompts would look strange to it.',
} as const;

export type ProblemCode = keyof typeof problemCodes;

/** What may be meant, and stops nothing; all others are errors. */
const warnings: readonly ProblemCode[] = [
  'zeroWeight',
  'negativeWeight',
  'unusedSetting',
  'heldOutOverlap',
  'otherBase',
  'otherTemplate',
];

export function severityOf(code: ProblemCode): 'error' | 'warning' {
  return warnings.includes(code) ? 'warning' : 'error';
}
