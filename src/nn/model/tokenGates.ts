/** Linear gates of every half of a block, or Arrow's prototypes of every layer. */
export type TokenGates = LinearGates | ArrowGates;

/** One gate for what reads the residual stream, and for what follows within the same half of the block. */
export interface LinearGates {
  kind: 'linear';
  /** In the order of the gates' rows. */
  experts: string[];
  /** By the name of the group that reads the half's input, `layers.L.qkv` or `layers.L.mlp`. */
  halves: Map<string, LinearGate>;
}

/** softmax(W x + b) of what layers read, x [in]. */
export interface LinearGate {
  /** [E, in] */
  weight: Float32Array;
  /** [E] */
  bias: Float32Array;
}

/** Softmax of |P x| / temperature over the `topK` experts of which it is largest. */
export interface ArrowGates {
  kind: 'arrow';
  experts: string[];
  topK: number;
  temperature: number;
  /** P [E, in] by module path. */
  prototypes: Map<string, Float32Array>;
}

/** What of token gates the graph is built for; their numbers are inputs. */
export type TokenGateShape =
  | { kind: 'linear'; experts: number }
  | { kind: 'arrow'; experts: number; topK: number; temperature: number };

export function gateShape(gates: TokenGates): TokenGateShape {
  const experts = gates.experts.length;
  if (gates.kind === 'linear') return { kind: 'linear', experts };
  return { kind: 'arrow', experts, topK: gates.topK, temperature: gates.temperature };
}
