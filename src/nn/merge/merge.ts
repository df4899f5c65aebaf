import { WorkbenchError } from '../../protocol/errors.ts';
import { type MergeMethod, mergeMethods } from '../../protocol/mergeMethod.ts';
import { type Adapter, checkRank, type LoraFactors } from '../lora/adapter.ts';
import type { AdapterConfig } from '../lora/adapterConfig.ts';
import { Random } from '../tensor/random.ts';
import { checkFactorsAlone, mergeError, type RelativeError, type WeightedAdapter } from './mergeError.ts';
import { type MajoritySign, type MethodParts, methodParts } from './mergeMethods.ts';
import { type FactorForm, type MaskPart, mergeModule, type Term } from './mergeModule.ts';

export interface MergeOptions {
  method: MergeMethod;
  /** Name of the result; `merged` by default. */
  name?: string;
  /** Share of entries to keep, in (0, 1]; needed by ties, dare and magnitude_prune, ignored by the others. */
  density?: number;
  /** Seed of the masks of dare, which needs it or `drawMask`. */
  seed?: number;
  /** Needed by ties. */
  majoritySign?: MajoritySign;
  /** Rank of the result, for svd and the …_svd forms; by default the largest rank among the adapters. */
  rank?: number;
  /** Where dare takes its masks from (1 = keep) instead of the seed. */
  drawMask?: (adapter: string, module: string, part: MaskPart, count: number) => ArrayLike<number>;
}

/**
 * One adapter that stands for a weighted sum of several, for good. Weights may have any sign and are not normalised. The
 * result's scaling is 1 in every module, and its config says so (alpha = rank, no rsLoRA). The relative error compares
 * it with the exact sum Σ wᵢsᵢBᵢAᵢ, which only `cat` (and `svd` at full rank) equals.
 *
 * Where the result differs from that of PEFT's `add_weighted_adapter`, on purpose:
 * - svd and the …_svd forms weigh the deltas sBA by w. PEFT multiplies by s once more, so that its result is made of
 *   Σ w s² BA: twice too strong at alpha = 2r.
 * - PEFT lets the result inherit the first adapter's `use_rslora` while setting alpha = r, so that it is √r times too
 *   strong. Here the scaling is 1.
 * - A single adapter is combined as the method says (PEFT takes `linear` whatever was asked for).
 * - `cat` gives a module the ranks it needs; PEFT pads with zeros to the sum over all adapters.
 * - An adapter of weight 0 is left out altogether; in PEFT's ties it still votes on signs.
 *
 * The same as in PEFT, and easily unexpected: `linear`, ties, dare and magnitude_prune act on the A and the B apart, each
 * with √|w·s| (the sign of w·s on A), so that the product holds cross terms BᵢAⱼ; see the relative error.
 *
 * @throws WorkbenchError `badRequest` for weights, density, method, names, and where the result is beyond single floats;
 *   `mismatch` for sizes and ranks; `unsupported` for adapters that are more than factors
 */
export function mergeAdapters(
  adapters: WeightedAdapter[],
  options: MergeOptions,
): { adapter: Adapter; relativeError: RelativeError } {
  const parts = checkRequest(adapters, options);
  const active = adapters.filter(({ weight }) => weight !== 0);
  checkFactorsAlone(active);
  const rank =
    options.rank ?? Math.max(...active.flatMap(({ adapter }) => [...adapter.modules.values()].map(f => f.A.rows)));
  // A method that reads one of these was refused without it.
  const density = options.density!;
  const majoritySign = options.majoritySign!;
  const drawMask = options.drawMask ?? (parts.prune === 'random' ? maskSource(options.seed!, density) : noMask);
  const modules = new Map<string, LoraFactors>();
  for (const module of new Set(active.flatMap(({ adapter }) => [...adapter.modules.keys()]))) {
    const terms = termsOf(active, module);
    const { A, B } = terms[0]!.factors;
    if (options.rank !== undefined && parts.on === 'delta') checkRank(options.rank, A.cols, B.rows, module);
    const { method } = options;
    modules.set(module, mergeModule(terms, { ...parts, method, module, density, majoritySign, rank, drawMask }));
  }
  const adapter: Adapter = { name: options.name ?? 'merged', config: plainConfig(modules, active), modules };
  return { adapter, relativeError: mergeError(adapter, active) };
}

const noMask: NonNullable<MergeOptions['drawMask']> = () => [];

/** Bernoulli masks, drawn module by module, A before B, adapter by adapter. */
function maskSource(seed: number, density: number): NonNullable<MergeOptions['drawMask']> {
  const random = new Random(seed);
  return (_adapter, _module, _part, count) => {
    const mask = new Uint8Array(count);
    for (let i = 0; i < count; i++) mask[i] = random.uniform() < density ? 1 : 0;
    return mask;
  };
}

function checkRequest(adapters: WeightedAdapter[], options: MergeOptions): MethodParts & { on: FactorForm } {
  const refuse = (what: string, hint?: string) => new WorkbenchError('badRequest', what, hint);
  const { method, density, majoritySign, rank, seed } = options;
  if (!mergeMethods.includes(method))
    throw refuse(`Unknown merge method ${method}`, `Use one of ${mergeMethods.join(', ')}.`);
  const parts = methodParts[method];
  const { on } = parts;
  if (on === 'data')
    throw refuse(`${method} is fitted to the experts' data`, 'Write it as a merge of the recipe that trains them.');
  if (adapters.length === 0) throw refuse('There is no adapter to merge');
  const names = adapters.map(({ adapter }) => adapter.name);
  const twice = names.find((name, i) => names.indexOf(name) < i);
  if (twice !== undefined) throw refuse(`Adapter ${twice} is named twice in the merge`, 'Add its weights up.');
  for (const { adapter, weight } of adapters) {
    if (!Number.isFinite(weight)) throw refuse(`The weight of ${adapter.name} is ${weight}, not a finite number`);
  }
  if (adapters.every(({ weight }) => weight === 0))
    throw refuse('All weights of the merge are 0', 'The result would be the base.');
  if (parts.prune !== 'none' && !(typeof density === 'number' && density > 0 && density <= 1)) {
    throw refuse(`${method} needs a density above 0 and at most 1, got ${density}`);
  }
  const isSign = majoritySign === 'total' || majoritySign === 'frequency';
  if (majoritySign === undefined ? parts.elect : !isSign) {
    throw refuse(`Unknown majority sign ${majoritySign}`, 'Use total or frequency.');
  }
  if (rank !== undefined && !(Number.isInteger(rank) && rank >= 1)) {
    throw refuse(`The rank of a merge must be a whole number from 1, got ${rank}`);
  }
  if (seed === undefined ? parts.prune === 'random' && !options.drawMask : !Number.isInteger(seed))
    throw refuse(`The seed of a merge must be a whole number, got ${seed}`);
  return { ...parts, on };
}

function termsOf(adapters: WeightedAdapter[], module: string): Term[] {
  const terms = adapters.flatMap(({ adapter, weight }) => {
    const factors = adapter.modules.get(module);
    return factors ? [{ name: adapter.name, weight, factors }] : [];
  });
  const { name, factors } = terms[0]!;
  for (const { weight, factors, name } of terms) {
    const share = weight * factors.scaling;
    // Factors and gates are single floats, and in double precision squares of what is below this do not overflow.
    if (Number.isFinite(Math.fround(share))) continue;
    throw new WorkbenchError(
      'badRequest',
      `${module}: the weight ${weight} of ${name} times its scaling ${factors.scaling} is beyond single floats (3.40e38)`,
      'Use a smaller weight.',
    );
  }
  for (const other of terms) {
    const { A, B } = other.factors;
    if (A.cols === factors.A.cols && B.rows === factors.B.rows) continue;
    const sizes = `[${factors.B.rows}, ${factors.A.cols}] in ${name} but [${B.rows}, ${A.cols}] in ${other.name}`;
    throw new WorkbenchError('mismatch', `${module} is ${sizes}`, 'Only adapters of one base can be merged.');
  }
  return terms;
}

/** The config that says scaling 1 for every module: alpha is the rank. */
export function plainConfig(modules: Map<string, LoraFactors>, parts: WeightedAdapter[]): AdapterConfig {
  const rank = Math.max(...[...modules.values()].map(({ A }) => A.rows));
  const pattern: Record<string, number> = {};
  for (const [module, { A }] of modules) if (A.rows !== rank) pattern[module] = A.rows;
  const { baseModel, taskType } = parts[0]!.adapter.config;
  return { rank, alpha: rank, rslora: false, rankPattern: pattern, alphaPattern: pattern, baseModel, taskType };
}
