import { column, columnsOf, rowsOf } from '../linalg/columns.ts';
import { productSvd } from '../linalg/svd.ts';
import type { Adapter, LoraFactors } from '../lora/adapter.ts';
import type { ArrowGates } from '../model/tokenGates.ts';

/**
 * Arrow (Ostapenko et al. 2024, arXiv:2405.11157, §4.2): an expert stands in a layer for the direction of inputs that its
 * ΔW stretches most, the first right singular vector, found exactly. A layer that an expert leaves alone has no direction.
 */
export function arrowGates(
  adapters: readonly Adapter[],
  { topK, temperature }: Pick<ArrowGates, 'topK' | 'temperature'>,
): ArrowGates {
  const paths = new Set(adapters.flatMap(({ modules }) => [...modules.keys()]));
  const prototypes = new Map(
    [...paths].map(path => {
      const own = adapters.map(({ modules }) => modules.get(path));
      const width = own.find(factors => factors)!.A.cols;
      const rows = new Float32Array(adapters.length * width);
      for (const [expert, factors] of own.entries()) if (factors) rows.set(firstDirection(factors), expert * width);
      return [path, rows] as const;
    }),
  );
  return { kind: 'arrow', experts: adapters.map(({ name }) => name), topK, temperature, prototypes };
}

function firstDirection({ A, B }: LoraFactors): Float64Array {
  return column(productSvd(columnsOf(B), rowsOf(A), 1).v, 0);
}
