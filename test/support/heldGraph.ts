import { Graph, type Value } from '../../src/nn/graph/graph.ts';

/** A graph whose external constants are in the model. */
export class HeldGraph extends Graph {
  readonly held = new Map<string, Uint8Array>();
  override external(name: string, type: Value['type'], shape: number[]): Value {
    const value = { name, type, shape };
    this.initializers.push({ value, data: { bytes: this.held.get(name)! } });
    return value;
  }
}
