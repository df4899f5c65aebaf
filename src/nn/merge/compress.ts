import { WorkbenchError } from '../../protocol/errors.ts';
import { columnsOf, rowsOf } from '../linalg/columns.ts';
import { productSvd, type Svd } from '../linalg/svd.ts';
import type { Adapter, LoraFactors } from '../lora/adapter.ts';
import { plainConfig } from './merge.ts';
import { checkFactorsAlone } from './mergeError.ts';
import { svdFactors } from './mergeModule.ts';

/** How far an adapter may be cut down. */
export interface Cut {
  /** Of every layer; layers of a smaller one keep theirs. */
  rank?: number;
  /** Share of the squared Frobenius norm of all ΔW that is kept at least, in (0, 1], by as few ranks as do. */
  energy?: number;
}

/** An adapter's error at a rank of every layer, relative to all of it in the Frobenius norm. */
export interface RankError {
  rank: number;
  relativeError: number;
}

/** An adapter as singular values and vectors of each layer's ΔW. */
export type Spectra = ReadonlyMap<string, Svd>;

/**
 * The singular values and vectors of an adapter's ΔW, by QR of its factors: no ΔW is formed, and they are exact to rounding.
 *
 * @throws WorkbenchError `unsupported` for an adapter that is more than factors
 */
export function spectraOf(adapter: Adapter): Spectra {
  checkFactorsAlone([{ adapter, weight: 1 }]);
  const spectrum = ({ A, B, scaling }: LoraFactors) => productSvd(columnsOf(B, scaling), rowsOf(A), A.rows);
  return new Map([...adapter.modules].map(([path, factors]) => [path, spectrum(factors)]));
}

/** What is lost at each rank of every layer, from 1 to the first that loses nothing beyond the rounding of single floats. */
export function errorCurve(spectra: Spectra): RankError[] {
  const most = Math.max(...[...spectra.values()].map(({ s }) => s.length));
  // Summed from the smallest, so that no small error is the difference of large numbers.
  const lost = new Float64Array(most + 1);
  for (const { s } of spectra.values()) {
    let sum = 0;
    for (let rank = s.length; rank >= 0; rank--) {
      if (rank < s.length) sum += s[rank]! ** 2;
      lost[rank]! += sum;
    }
  }
  const errors = Array.from(lost, square => (lost[0] === 0 ? 0 : Math.sqrt(square / lost[0]!)));
  const end = errors.findIndex((error, rank) => rank > 0 && error < roundingError);
  return errors.slice(1, end < 0 ? undefined : end + 1).map((relativeError, i) => ({ rank: i + 1, relativeError }));
}

/** Factors are single floats. */
const roundingError = 1e-7;

/**
 * The best approximation of an adapter by fewer ranks (Eckart & Young 1936): the largest singular values are kept, those of
 * all layers compared where a share of energy is asked for. Every layer keeps one. Its scaling becomes 1.
 *
 * @throws WorkbenchError `badRequest` for a rank or a share that is none
 */
export function compressed(adapter: Adapter, spectra: Spectra, cut: Cut): Adapter {
  checkCut(cut);
  const ranks = cut.energy === undefined ? new Map<string, number>() : ranksForEnergy(spectra, cut.energy);
  const modules = new Map(
    [...spectra].map(([path, { u, s, v }]) => {
      const rank = Math.min(ranks.get(path) ?? s.length, cut.rank ?? s.length);
      const first = (x: Svd['u']) => ({ ...x, cols: rank, data: x.data.subarray(0, x.rows * rank) });
      return [path, svdFactors({ u: first(u), s: s.subarray(0, rank), v: first(v) })];
    }),
  );
  return { name: adapter.name, config: plainConfig(modules, [{ adapter, weight: 1 }]), modules };
}

/** How many singular values of each layer are among the largest of all, which together have this share of energy. */
function ranksForEnergy(spectra: Spectra, energy: number): Map<string, number> {
  const all = [...spectra].flatMap(([path, { s }]) => Array.from(s, value => ({ path, square: value ** 2 })));
  all.sort((a, b) => b.square - a.square);
  const wanted = energy * all.reduceRight((sum, { square }) => sum + square, 0);
  const ranks = new Map([...spectra.keys()].map(path => [path, 0]));
  let kept = 0;
  for (const { path, square } of all) {
    if (kept >= wanted || square === 0) break;
    kept += square;
    ranks.set(path, ranks.get(path)! + 1);
  }
  for (const [path, rank] of ranks) if (rank === 0) ranks.set(path, 1);
  return ranks;
}

function checkCut({ rank, energy }: Cut): void {
  if (rank !== undefined && !(Number.isInteger(rank) && rank >= 1))
    throw new WorkbenchError('badRequest', `a rank is a whole number from 1, not ${rank}`);
  if (energy !== undefined && !(energy > 0 && energy <= 1))
    throw new WorkbenchError('badRequest', `a share of energy is above 0 and at most 1, not ${energy}`);
}
