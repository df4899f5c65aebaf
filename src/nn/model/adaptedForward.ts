import { baseProduct } from '../graph/baseProduct.ts';
import type { Graph, Value } from '../graph/graph.ts';
import * as op from '../graph/ops.ts';
import type { BaseConfig } from './config.ts';
import { linearLayers } from './layout.ts';
import { type Norm, normed, rowAttention, transformer } from './transformer.ts';

/** What a forward pass adds to the base. */
export interface Adapted {
  /** A weight of the base in F32, by its name. */
  weight(name: string): Value;
  /** What a layer adds to its output, inner Bᵀ with inner [N, R] and B [out, R], from what it reads [N, in]; undefined for nothing. */
  delta(x: Value, path: string): { inner: Value; B: Value } | undefined;
  /** Sees what layers read that share an input [N, in]. */
  read?(x: Value, paths: string[]): void;
}

/**
 * The forward pass over whole rows, of operators that have gradient rules: ids [B, T] → hidden states [N, dim]. `positions` as
 * in `rowPositions`.
 */
export function adaptedForward(
  g: Graph,
  c: BaseConfig,
  ids: Value,
  positions: Value,
  { weight, delta, read }: Adapted,
): Value {
  const layers = new Map(linearLayers(c).map(l => [l.path, l]));
  const linear = (x: Value, path: string): Value => {
    const { in: width, out, bias } = layers.get(path)!;
    const frozen = { name: `${path}.weight`, out, in: width };
    const y = baseProduct(g, x, frozen, bias ? weight(`${path}.bias`) : undefined);
    const added = delta(x, path);
    return added ? op.gemm(g, added.inner, added.B, { transB: true }, y) : y;
  };
  const layerParts = {
    weight,
    linears(x: Value, paths: string[]): Value[] {
      read?.(x, paths);
      return paths.map(path => linear(x, path));
    },
    addNorm(x: Value, y: Value, norm?: Norm): [Value, Value] {
      const sum = op.add(g, x, y);
      return [sum, norm ? normed(g, c, sum, norm) : sum];
    },
  };
  return transformer(g, c, { ...layerParts, attention: rowAttention(g, c, layerParts, positions) }, ids);
}
