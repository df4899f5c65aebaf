import { Graph, type Value } from '../../src/nn/graph/graph.ts';
import type { TensorPlace } from '../../src/nn/tensor/tensorPlace.ts';

/** A graph whose external constants are in the model: held by their names, or by their files', which several may read. */
export class HeldGraph extends Graph {
  readonly held = new Map<string, Uint8Array>();
  override external(name: string, type: Value['type'], shape: number[], place: Pick<TensorPlace, 'file'>): Value {
    const value = { name, type, shape };
    this.initializers.push({ value, data: { bytes: this.held.get(name) ?? this.held.get(place.file)! } });
    return value;
  }
}
