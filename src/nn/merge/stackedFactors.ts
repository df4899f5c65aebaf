import type { Adapter, LoraFactors } from '../lora/adapter.ts';
import type { Matrix } from '../tensor/dtype.ts';

/** Factors of several experts in one layer, stacked along the rank: Σ sᵢBᵢAᵢ = B · A. */
export interface StackedFactors {
  /** [Σ rank, in] */
  A: Matrix;
  /** [out, Σ rank], each expert's columns times its scaling. */
  B: Matrix;
  /** [Σ rank], whose direction it is: the expert's place in the list. */
  owners: number[];
}

/** The factors of adapters, stacked in every layer that some of them adapt. */
export function stackFactors(adapters: readonly Adapter[]): Map<string, StackedFactors> {
  const paths = new Set(adapters.flatMap(({ modules }) => [...modules.keys()]));
  return new Map([...paths].map(path => [path, stacked(adapters.map(({ modules }) => modules.get(path)))]));
}

function stacked(parts: (LoraFactors | undefined)[]): StackedFactors {
  const owners = parts.flatMap((factors, i) => new Array<number>(factors?.A.rows ?? 0).fill(i));
  const first = parts.find(factors => factors !== undefined)!;
  const [inputs, out, rank] = [first.A.cols, first.B.rows, owners.length];
  const A: Matrix = { rows: rank, cols: inputs, data: new Float32Array(rank * inputs) };
  const B: Matrix = { rows: out, cols: rank, data: new Float32Array(out * rank) };
  let at = 0;
  for (const factors of parts) {
    if (!factors) continue;
    const own = factors.A.rows;
    A.data.set(factors.A.data, at * inputs);
    for (let o = 0; o < out; o++)
      for (let r = 0; r < own; r++) B.data[o * rank + at + r] = factors.scaling * factors.B.data[o * own + r]!;
    at += own;
  }
  return { A, B, owners };
}
