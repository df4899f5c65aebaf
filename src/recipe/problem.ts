import type { JSONPath, Node } from 'jsonc-parser';
import type { Problem } from '../protocol/errors.ts';
import { visibleText } from '../protocol/visibleText.ts';
import { count } from '../text/numbers.ts';
import { shortened } from '../text/shown.ts';
import { maxRecipeLength, maxRecipeLines, maxRecipeTokens, mostProblems } from './limits.ts';
import { nodeAt } from './nodes.ts';

/** Every kind of problem that a recipe can have: its code, and what it means. docs/recipe-reference.md is made from it. */
export const problemCodes = {
  moreProblems: 'There are more problems than are told; those that are left out appear once others are gone.',
  empty: 'The file is empty.',
  syntax: 'The text is not JSON with comments.',
  tooLarge: `The file is too large for a recipe: a dataset, or a model, under the wrong name. A recipe has at most ${count(maxRecipeLength)} characters, ${count(maxRecipeLines)} lines and ${count(maxRecipeTokens)} words, numbers, brackets, signs and comments.`,
  tooDeep: 'Brackets nest without end: one is left open.',
  duplicateKey: 'A key is written twice in one object; the last alone would count.',
  unknownKey: 'A key that recipes do not have.',
  wrongType: 'A value of another type than its key takes.',
  wrongValue: 'A value out of the range, or the list, of those that its key takes.',
  badName: 'A name with other signs than letters, digits, `_`, `-` and `.`.',
  reservedName:
    '`base` and `auto` stand for the base and the router; no expert, blend or merge can be called so. No engine elsewhere is called `local`.',
  takenName: 'A merge with the name of an expert: both are asked by their name, and one would answer for the other.',
  nothingToTrain: 'An expert that has neither data to be trained on nor an adapter to load.',
  dataAndAdapter: 'An expert that has both data and an adapter: it is not clear which one counts.',
  unknownExpert: 'The name of an expert that the recipe does not define.',
  unknownBlend: 'The name of a blend that the recipe does not define.',
  unknownMerge: 'The name of a merge that the recipe does not define.',
  unknownSet: 'The name of a held-out set that the recipe does not define.',
  unknownEngine: 'The name of an engine that the recipe does not define.',
  badWeights:
    'Weights that mean nothing: there is none, or all are zero; or a merge that is fitted to data, whose experts have none, or count less than 0.',
  zeroWeight: 'An expert of weight zero takes no part.',
  negativeWeight:
    'A negative weight subtracts what an expert learned. A comment in the same line, or above it, says that it is meant.',
  unequalRanks: 'The merge combines factors entry by entry, which needs equal ranks; `cat` and the svd forms take any.',
  notFactors:
    'An expert with magnitudes of DoRA, or with trained biases, cannot be merged into an adapter: blend it, or merge into a copy of the base.',
  unusedSetting: 'A setting that the merge’s method does not read.',
  badBase: 'The base is not there, is not complete, or is of an architecture that is not supported.',
  unknownTarget:
    'A target that is no linear layer of the base, a block that it does not have, or a pattern that fits no layer with factors.',
  rankAboveLayer: 'A rank above the smaller side of a layer: more than a full matrix of that layer holds.',
  noBiases: 'Biases are to be trained that the base does not have, or not with this `bias`.',
  missingFile: 'A dataset that is not there.',
  badData: 'A dataset with lines that cannot be read; they are marked in the dataset, too.',
  badColumns: 'A dataset whose fields, or columns, are not those of any form of example.',
  unusedField: 'A dataset with fields of which nothing is made: what is in them is not learned.',
  convertedText:
    'A dataset that is not UTF-8 and was converted, or in which characters were lost before: look whether its text is right.',
  missingTests: 'The scorer `code` runs the tests of each example; the dataset has no field `tests`.',
  heldOutOverlap: 'A held-out set with prompts that are trained on: its score would say nothing.',
  droppedExamples: 'Examples whose answers begin beyond `maxLength`: they are left out.',
  cutAnswers:
    'Answers that lose their end at `maxLength`. Training waits for a word where more than one answer in a hundred is cut or left out.',
  noEndToken: 'The base’s chat template writes no end token after an answer: experts never learn to stop.',
  otherPrompt:
    'The base’s chat template writes another prompt at use than in training, or reasoning is learned and `generation.thinking` is off: what is learned may not come out.',
  lostReasoning: 'Answers with reasoning that the base’s chat template leaves out: it is not learned.',
  refusedExample:
    'Examples that the base’s chat template refuses, or writes so that the answer cannot be told from the prompt.',
  badAdapter: 'An adapter that is not there, or that cannot be applied exactly.',
  otherBase: 'The adapter was trained on a base with other weights: the hashes differ.',
  otherTemplate:
    'The adapter was trained with another chat template than the base has: prompts would look strange to it.',
} as const;

export type ProblemCode = keyof typeof problemCodes;

/** Problems that may be intended and stop nothing; all others are errors. */
const warnings: readonly ProblemCode[] = [
  'droppedExamples',
  'cutAnswers',
  'noEndToken',
  'otherPrompt',
  'lostReasoning',
  'zeroWeight',
  'negativeWeight',
  'unusedSetting',
  'unusedField',
  'convertedText',
  'heldOutOverlap',
  'otherBase',
  'otherTemplate',
];

export function severityOf(code: ProblemCode): 'error' | 'warning' {
  return warnings.includes(code) ? 'warning' : 'error';
}

/** A line of another file that a problem comes from. */
export interface RelatedLine {
  /** As the recipe writes it. */
  file: string;
  line: number;
  message: string;
}

/** A problem of one part of a recipe, before its place in the text is known. */
export interface PartProblem extends Omit<Problem, 'code' | 'severity' | 'where' | 'range'> {
  code: ProblemCode;
  path: JSONPath;
  /** Marked where the part has a key: a name rather than all that is said of it. */
  on: 'key' | 'value';
  /** The lines of data that it comes from. */
  related?: RelatedLine[];
}

/** A problem with its place in the text. */
export interface RecipeProblem extends Problem {
  related?: RelatedLine[];
}

/** A path as messages write it: `steps[0].expert`; of a key of more than 100 characters the first 99. */
export function pathText(path: readonly PropertyKey[]): string {
  return path.reduce<string>((text, p) => {
    if (typeof p === 'number') return `${text}[${p}]`;
    const key = shortened(String(p), 100);
    return text ? `${text}.${key}` : key;
  }, '');
}

/** The first problems, and one that says how many were left out, here and before (`left`). */
export function firstProblems(found: readonly RecipeProblem[], left = 0): RecipeProblem[] {
  const more = left + Math.max(0, found.length - mostProblems);
  if (more === 0) return [...found];
  const told = found.slice(0, mostProblems);
  const isError = found.some(p => p.severity === 'error');
  const message = `${count(more)} more problems are not told; the first ${count(told.length)} are`;
  return [...told, { code: 'moreProblems', severity: isError ? 'error' : 'warning', where: '', message }];
}

/** The problem with its place in the text: that of its part, or of the nearest part above that exists. */
export function placeProblem({ path, on, ...problem }: PartProblem, root: Node): RecipeProblem {
  const told = {
    ...problem,
    message: visibleText(problem.message),
    severity: severityOf(problem.code),
    where: pathText(path),
  };
  for (let n = path.length; n >= 0; n--) {
    const node = nodeAt(root, path.slice(0, n));
    if (!node) continue;
    const { offset, length } = on === 'key' || n < path.length ? keyOf(node) : node;
    return { ...told, range: { start: offset, end: offset + length } };
  }
  return told;
}

/** The key of a value that has one, else the value. */
export function keyOf(node: Node): Node {
  return node.parent?.type === 'property' ? node.parent.children![0]! : node;
}
