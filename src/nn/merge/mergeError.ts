import { WorkbenchError } from '../../protocol/errors.ts';
import { type Adapter, beyondFactors, isDora } from '../lora/adapter.ts';
import { deltaNorm } from '../lora/deltaNorm.ts';

/** An adapter and its weight in a sum. */
export interface WeightedAdapter {
  adapter: Adapter;
  weight: number;
}

/** ‖ΔW − Σ wᵢsᵢBᵢAᵢ‖ / ‖Σ wᵢsᵢBᵢAᵢ‖ in the Frobenius norm; 0/0 is 0, anything else over 0 infinite. A sum of terms that cancel counts as 0. */
export interface RelativeError {
  total: number;
  perModule: Map<string, number>;
  /** ‖Σ wᵢsᵢBᵢAᵢ‖ over all modules, and below what it counts as 0. */
  norm: number;
  noise: number;
}

/**
 * How far a combined adapter is from the exact weighted sum of the adapters it was made of. No ΔW is formed: a sum of
 * products is one product of stacked factors, and its norm that of the small core between their QR triangles, exact
 * to rounding.
 *
 * @throws WorkbenchError `unsupported` for adapters whose deltas are no products of factors
 */
export function mergeError(merged: Adapter, parts: WeightedAdapter[]): RelativeError {
  checkFactorsAlone(parts);
  const modules = new Set([merged, ...parts.map(part => part.adapter)].flatMap(adapter => [...adapter.modules.keys()]));
  const perModule = new Map<string, number>();
  let [errors, norms, noises] = [0, 0, 0];
  for (const module of modules) {
    const terms = parts.flatMap(({ adapter, weight }) => {
      const factors = adapter.modules.get(module);
      return factors ? [{ ...factors, scaling: weight * factors.scaling }] : [];
    });
    const result = merged.modules.get(module);
    const norm = deltaNorm(terms);
    const error = deltaNorm(result ? [{ ...result, scaling: -result.scaling }, ...terms] : terms);
    const noise = roundingNoise * Math.hypot(...terms.map(term => deltaNorm([term])));
    perModule.set(module, errorRatio(error, { norm, noise }));
    errors += error ** 2;
    norms += norm ** 2;
    noises += noise ** 2;
  }
  const [norm, noise] = [Math.sqrt(norms), Math.sqrt(noises)];
  return { total: errorRatio(Math.sqrt(errors), { norm, noise }), perModule, norm, noise };
}

/** An adapter's ΔW is s B A and nothing else, so that a sum of several is one of factors. Throws `unsupported` otherwise. */
export function checkFactorsAlone(parts: WeightedAdapter[]): void {
  for (const { adapter } of parts) {
    const more = beyondFactors(adapter);
    if (!more) continue;
    const why = isDora(adapter) ? "what it adds depends on the base's weights" : 'that is more than factors';
    throw new WorkbenchError(
      'unsupported',
      `${adapter.name} ${more}: ${why}, and cannot be merged into an adapter`,
      'Merge it into a copy of the base, with method cat: multi-lora merge … --into-base. Or blend it at run time.',
    );
  }
}

// Factors are F32: a sum this much smaller than its terms is what is left of terms that cancel.
const roundingNoise = 2 ** -22;

/** A distance from the exact weighted sum as a share of that sum's norm. */
export function errorRatio(error: number, { norm, noise }: Pick<RelativeError, 'norm' | 'noise'>): number {
  if (norm > noise) return error / norm;
  return error > noise ? Number.POSITIVE_INFINITY : 0;
}
