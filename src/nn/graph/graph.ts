import { WorkbenchError } from '../../protocol/errors.ts';

/** Element types of graph values; the spellings are onnxruntime's. */
export type ElementType =
  | 'float32'
  | 'float16'
  | 'bfloat16'
  | 'float64'
  | 'int64'
  | 'int32'
  | 'uint8'
  | 'int8'
  | 'uint4'
  | 'bool';

/** A known size, or the name of one that is known only at run time. */
export type Dim = number | string;

/** The result of an operator, an input or a constant. */
export interface Value {
  name: string;
  type: ElementType;
  shape: Dim[];
}

export type Attribute = number | { float: number } | string | number[];

export interface Node {
  op: string;
  domain: string;
  inputs: (Value | undefined)[];
  outputs: Value[];
  attributes: Record<string, Attribute>;
}

/** A constant held in the model, or a range of bytes of a file beside it (ONNX external data). */
export interface Initializer {
  value: Value;
  data: { bytes: Uint8Array } | { file: string; offset: number; length: number };
}

/** An ONNX graph under construction: nodes in execution order, every value with its type and shape. */
export class Graph {
  readonly nodes: Node[] = [];
  readonly inputs: Value[] = [];
  readonly outputs: Value[] = [];
  readonly initializers: Initializer[] = [];
  private readonly constants = new Map<string, Value>();
  private readonly sizes = new Map<string, Value>();
  private readonly memo = new Map<string, unknown>();
  private count = 0;

  /** `prefix` goes before the names it makes up, for a graph that takes in the nodes of another. */
  constructor(private readonly prefix = '') {}

  /** A value that is fed at every execution. */
  input(name: string, type: ElementType, shape: Dim[]): Value {
    const value = { name, type, shape };
    this.inputs.push(value);
    return value;
  }

  /** Makes `value` an output under this name. */
  output(name: string, value: Value): Value {
    const [out] = this.node('Identity', [value], [{ type: value.type, shape: value.shape }], {}, '', [name]);
    this.outputs.push(out!);
    return out!;
  }

  /** Appends one operator; `outputs` states the type and shape of each result, or undefined for one that is left out. */
  node(
    op: string,
    inputs: (Value | undefined)[],
    outputs: ({ type: ElementType; shape: Dim[] } | undefined)[],
    attributes: Record<string, Attribute> = {},
    domain = '',
    names?: string[],
  ): Value[] {
    const values = outputs.map((o, i) =>
      o
        ? { ...o, name: names?.[i] ?? `${this.prefix}${op}.${this.count++}` }
        : { name: '', type: 'float32' as const, shape: [] },
    );
    this.nodes.push({ op, domain, inputs, outputs: values, attributes });
    return values;
  }

  /** A constant in a file beside the model, which the runtime reads in place. */
  external(
    name: string,
    type: ElementType,
    shape: number[],
    at: { file: string; offset: number; length: number },
  ): Value {
    const value = { name, type, shape };
    this.initializers.push({ value, data: at });
    return value;
  }

  /** A constant; equal constants are stored once. */
  constant(data: Float32Array | BigInt64Array | Int32Array, shape: number[]): Value {
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    const type = data instanceof Float32Array ? 'float32' : data instanceof Int32Array ? 'int32' : 'int64';
    const key = bytes.length <= 256 ? `${type}[${shape}]${bytes}` : undefined;
    const known = key && this.constants.get(key);
    if (known) return known;
    const value: Value = { name: `${this.prefix}const.${this.count++}`, type, shape };
    this.initializers.push({ value, data: { bytes: bytes.slice() } });
    if (key) this.constants.set(key, value);
    return value;
  }

  scalar(x: number): Value {
    return this.constant(Float32Array.of(x), []);
  }

  ints(values: number[]): Value {
    return this.constant(BigInt64Array.from(values, BigInt), [values.length]);
  }

  /** States where the run-time size `dim` comes from: an int64 value of shape [1]. */
  defineSize(dim: string, value: Value): void {
    this.sizes.set(dim, value);
  }

  /** The int64 vector that holds `shape` at run time. */
  shapeValue(shape: Dim[]): Value {
    if (shape.every(d => typeof d === 'number')) return this.ints(shape as number[]);
    return this.once(`shape:${shape}`, () => {
      const parts = shape.map(d => (typeof d === 'number' ? this.ints([d]) : this.size(d)));
      return parts.length === 1
        ? parts[0]!
        : this.node('Concat', parts, [{ type: 'int64', shape: [shape.length] }], { axis: 0 })[0]!;
    });
  }

  /** The run-time value of a named dimension, int64 [1]. Throws when nothing defines it. */
  size(dim: string): Value {
    const value = this.sizes.get(dim);
    if (!value) throw new WorkbenchError('runtime', `graph: the size '${dim}' is not defined by any input`);
    return value;
  }

  /** Builds something once per graph: masks, gates, tables that several layers share. */
  once<T>(key: string, build: () => T): T {
    if (!this.memo.has(key)) this.memo.set(key, build());
    return this.memo.get(key) as T;
  }
}
