import { WorkbenchError } from '../../protocol/errors.ts';
import type { MergeMethod } from '../../protocol/mergeMethod.ts';
import { columnsOf, rowsOf, sideBySide } from '../linalg/columns.ts';
import { leadingSvd } from '../linalg/leadingSvd.ts';
import { productSvd, type Svd } from '../linalg/svd.ts';
import type { LoraFactors } from '../lora/adapter.ts';
import { allFinite } from '../tensor/allFinite.ts';
import type { Matrix } from '../tensor/dtype.ts';
import { keepLargest, keepMasked, tiesSum, weightedSum } from './combineTensors.ts';
import { mergeDelta } from './mergeIntoBase.ts';
import type { MajoritySign, MethodParts } from './mergeMethods.ts';

/** One adapter's share in a module. */
export interface Term {
  name: string;
  weight: number;
  factors: LoraFactors;
}

/** The tensor a mask of dare belongs to. */
export type MaskPart = 'lora_A' | 'lora_B' | 'delta';

/** What a method works on that needs no data. */
export type FactorForm = Exclude<MethodParts['on'], 'data'>;

interface ModuleSettings extends MethodParts {
  on: FactorForm;
  method: MergeMethod;
  module: string;
  density: number;
  majoritySign: MajoritySign;
  rank: number;
  drawMask: (adapter: string, module: string, part: MaskPart, count: number) => ArrayLike<number>;
}

/** The factors of one module of the merge, from the adapters' shares in it. Throws `badRequest` where they overflow. */
export function mergeModule(terms: Term[], settings: ModuleSettings): LoraFactors {
  const factors = forms[settings.on](terms, settings);
  checkFinite(factors.A.data, settings);
  checkFinite(factors.B.data, settings);
  return factors;
}

/** A sum that single floats cannot hold would be written as infinities. */
function checkFinite(data: Float32Array, { module, method }: ModuleSettings): void {
  if (allFinite(data)) return;
  throw new WorkbenchError(
    'badRequest',
    `${method} gives ${module} values beyond single floats, whose largest number is 3.40e38; nothing was written`,
    'Use smaller weights.',
  );
}

/** How a module is merged, by what the method works on. */
const forms: Record<FactorForm, (terms: Term[], settings: ModuleSettings) => LoraFactors> = {
  stack: stackMerge,
  factors: factorMerge,
  delta: (terms, settings) =>
    settings.prune === 'none' ? svdMerge(terms, settings.rank) : deltaMerge(terms, settings),
};

/** Factors side by side, w·s on A: exactly Σ wᵢsᵢBᵢAᵢ, at the sum of the ranks. */
function stackMerge(terms: Term[]): LoraFactors {
  const [inputs, out] = sizeOf(terms);
  const rank = terms.reduce((sum, { factors }) => sum + factors.A.rows, 0);
  const A: Matrix = { rows: rank, cols: inputs, data: new Float32Array(rank * inputs) };
  const B: Matrix = { rows: out, cols: rank, data: new Float32Array(out * rank) };
  let at = 0;
  for (const { weight, factors } of terms) {
    const factor = weight * factors.scaling;
    A.data.set(
      factors.A.data.map(value => value * factor),
      at * inputs,
    );
    for (let o = 0; o < out; o++) {
      B.data.set(factors.B.data.subarray(o * factors.B.cols, (o + 1) * factors.B.cols), o * rank + at);
    }
    at += factors.A.rows;
  }
  return { A, B, scaling: 1 };
}

/** The A and the B combined apart, each with √|w·s|, the sign of w·s on A. Throws `mismatch` for unequal ranks. */
function factorMerge(terms: Term[], settings: ModuleSettings): LoraFactors {
  checkEqualRanks(terms, settings);
  const shares = terms.map(({ weight, factors }) => weight * factors.scaling);
  const roots = shares.map(share => Math.sqrt(Math.abs(share)));
  const signedRoots = roots.map((root, i) => Math.sign(shares[i]!) * root);
  const names = terms.map(term => term.name);
  const { A, B } = terms[0]!.factors;
  const a = combine(
    terms.map(({ factors }) => factors.A.data),
    signedRoots,
    names,
    'lora_A',
    settings,
  );
  const b = combine(
    terms.map(({ factors }) => factors.B.data),
    roots,
    names,
    'lora_B',
    settings,
  );
  return { A: { ...A, data: a }, B: { ...B, data: b }, scaling: 1 };
}

/** The best approximation of Σ wᵢsᵢBᵢAᵢ of the given rank (Eckart & Young 1936); no delta is formed. */
function svdMerge(terms: Term[], rank: number): LoraFactors {
  const left = sideBySide(terms.map(({ weight, factors }) => columnsOf(factors.B, weight * factors.scaling)));
  const right = sideBySide(terms.map(({ factors }) => rowsOf(factors.A)));
  return svdFactors(productSvd(left, right, rank));
}

/** The deltas sᵢBᵢAᵢ pruned and combined with the weights, then the best approximation of the given rank. */
function deltaMerge(terms: Term[], settings: ModuleSettings): LoraFactors {
  const [inputs, out] = sizeOf(terms);
  const deltas = terms.map(({ factors }) => mergeDelta(new Float32Array(out * inputs), [{ ...factors, weight: 1 }]));
  const weights = terms.map(term => term.weight);
  const names = terms.map(term => term.name);
  const data = combine(deltas, weights, names, 'delta', settings);
  // A decomposition of infinities has no end.
  checkFinite(data, settings);
  return svdFactors(leadingSvd({ rows: out, cols: inputs, data }, settings.rank));
}

/** How entries are dropped, by the method's `prune`. */
const prunings: Record<
  MethodParts['prune'],
  (tensor: Float32Array, density: number, mask: () => ArrayLike<number>) => Float32Array
> = {
  none: tensor => tensor,
  magnitude: keepLargest,
  random: (tensor, density, mask) => keepMasked(tensor, mask(), density),
};

function combine(
  tensors: Float32Array[],
  weights: number[],
  names: string[],
  part: MaskPart,
  { prune, elect, density, majoritySign, module, drawMask }: ModuleSettings,
): Float32Array {
  const pruned = tensors.map((tensor, i) => {
    if (prune === 'none' || density >= 1) return tensor;
    const mask = () => drawMask(names[i]!, module, part, tensor.length);
    return prunings[prune](tensor, density, mask);
  });
  return elect ? tiesSum(pruned, weights, majoritySign) : weightedSum(pruned, weights);
}

/** B = U√s, A = √s Vᵀ: both halves of like size, which keeps the rounding to single floats small. */
export function svdFactors({ u, s, v }: Svd): LoraFactors {
  const rank = s.length;
  const A: Matrix = { rows: rank, cols: v.rows, data: new Float32Array(rank * v.rows) };
  const B: Matrix = { rows: u.rows, cols: rank, data: new Float32Array(rank * u.rows) };
  for (let k = 0; k < rank; k++) {
    const root = Math.sqrt(s[k]!);
    for (let j = 0; j < v.rows; j++) A.data[k * v.rows + j] = root * v.data[k * v.rows + j]!;
    for (let i = 0; i < u.rows; i++) B.data[i * rank + k] = root * u.data[k * u.rows + i]!;
  }
  return { A, B, scaling: 1 };
}

function sizeOf(terms: Term[]): [inputs: number, out: number] {
  return [terms[0]!.factors.A.cols, terms[0]!.factors.B.rows];
}

function checkEqualRanks(terms: Term[], { module, method }: ModuleSettings): void {
  if (terms.every(({ factors }) => factors.A.rows === terms[0]!.factors.A.rows)) return;
  const ranks = terms.map(({ name, factors }) => `${factors.A.rows} (${name})`).join(', ');
  throw new WorkbenchError(
    'mismatch',
    `${method} needs equal ranks, but those of ${module} are ${ranks}`,
    'Use cat, svd or one of the …_svd forms, which take any ranks.',
  );
}
