import type { Graph, Node, Value } from '../graph/graph.ts';
import { neededValues } from '../graph/neededValues.ts';
import { executionOrder, foldedNodes } from './executionOrder.ts';
import { type Sizes, valueBytes } from './sizes.ts';

/** Operators whose result shares the memory of their first input. */
const aliases = new Set(['Reshape', 'Squeeze', 'Unsqueeze']);
/** Operators that write their result over an input of the same size that nothing reads later; measured. */
const inPlace = new Set(['Sigmoid', 'Softmax', 'LogSoftmax', 'Cast', 'ScatterElements']);

/** Memory that several values use, one after the other. */
interface Block {
  bytes: number;
  /** Values in it that are still to be read. */
  open: number;
  /** The nodes between which it is in use, by their places in the order of execution. */
  from: number;
  until: number;
}

/** Where results get their memory. */
export interface Allocator<M> {
  allocate(bytes: number): M;
  free(memory: M): void;
}

export interface ResultOptions {
  /**
   * Results whose shapes the runtime knows when it compiles the graph, by name at least. One that is no longer read gives its
   * memory to the next of the same type and shape, however much later, and keeps it until then (AllocationPlanner).
   */
  shaped?: ReadonlySet<Value>;
  /** Outputs get their memory here too: nobody gives tensors for them. */
  outputs?: boolean;
}

/**
 * The peak of the bytes that results between a graph's inputs and outputs hold, in the runtime's order of execution and with
 * its reuse of memory. Inputs, outputs and constants are not counted.
 */
export function peakMemory(g: Graph, sizes: Sizes): number {
  let held = 0;
  let peak = 0;
  allocateResults(g, sizes, {
    allocate(bytes) {
      held += bytes;
      peak = Math.max(peak, held);
      return bytes;
    },
    free(bytes) {
      held -= bytes;
    },
  });
  return peak;
}

/** Allocates the results of one execution and frees them, as the runtime does: each after its last reader. */
export function allocateResults<M>(g: Graph, sizes: Sizes, allocator: Allocator<M>, options: ResultOptions = {}): void {
  const order = executionOrder(g);
  const blocks = blocksOf(g, order, sizes, options);
  const at = (end: 'from' | 'until') => {
    const there = order.map((): Block[] => []);
    for (const block of blocks) there[block[end]]!.push(block);
    return there;
  };
  const [begun, ended] = [at('from'), at('until')];
  const memory = new Map<Block, M>();
  for (const place of order.keys()) {
    for (const block of begun[place]!) memory.set(block, allocator.allocate(block.bytes));
    for (const block of ended[place]!) allocator.free(memory.get(block)!);
  }
}

/** The blocks of memory that hold an execution's results, in the order in which they are allocated. */
function blocksOf(g: Graph, order: readonly Node[], sizes: Sizes, { shaped, outputs }: ResultOptions): Block[] {
  const isOutput = new Set(g.outputs);
  const readers = new Map<Value, number>();
  for (const node of order) for (const v of new Set(node.inputs)) if (v) readers.set(v, (readers.get(v) ?? 0) + 1);

  const all: Block[] = [];
  const blocks = new Map<Value, Block>();
  /** By type and shape, what results of known shapes have left. */
  const left = new Map<string, Block[]>();
  const leftOf = (v: Value): Block[] => {
    const key = `${v.type}[${v.shape}]`;
    if (!left.has(key)) left.set(key, []);
    return left.get(key)!;
  };
  const release = (v: Value): void => {
    const block = blocks.get(v);
    if (!block || isOutput.has(v)) return;
    blocks.delete(v);
    if (--block.open === 0 && shaped?.has(v)) leftOf(v).push(block);
  };
  for (const [place, node] of order.entries()) {
    for (const [i, out] of node.outputs.entries()) {
      if (out.name === '' || (isOutput.has(out) && !outputs)) continue;
      // In another shape, inputs and constants take no memory either.
      if (aliases.has(node.op) && !blocks.has(node.inputs[0]!)) continue;
      let block = i === 0 ? reusedBlock(node, out, blocks, readers, sizes) : undefined;
      if (shaped?.has(out) && !isOutput.has(out)) block ??= leftOf(out).pop();
      if (!block) {
        block = { bytes: valueBytes(out, sizes), open: 0, from: place, until: place };
        all.push(block);
      }
      block.open++;
      block.until = isOutput.has(out) ? order.length - 1 : place;
      blocks.set(out, block);
    }
    for (const v of new Set(node.inputs)) {
      if (!v) continue;
      const block = blocks.get(v);
      if (block) block.until = Math.max(block.until, place);
      readers.set(v, readers.get(v)! - 1);
      if (readers.get(v) === 0) release(v);
    }
    // A result that nothing reads (a piece of a split) is freed at once.
    for (const out of node.outputs) if (!readers.has(out)) release(out);
  }
  return all;
}

function reusedBlock(
  node: Node,
  out: Value,
  blocks: ReadonlyMap<Value, Block>,
  readers: ReadonlyMap<Value, number>,
  sizes: Sizes,
): Block | undefined {
  if (aliases.has(node.op)) return blocks.get(node.inputs[0]!);
  if (!inPlace.has(node.op)) return undefined;
  for (const v of node.inputs) {
    const block = v && blocks.get(v);
    if (block && block.open === 1 && readers.get(v) === 1 && block.bytes === valueBytes(out, sizes)) return block;
  }
  return undefined;
}

/**
 * Results whose shapes the runtime knows when it compiles a graph of named sizes: not what follows from a Reshape to a shape
 * that is computed, nor from a product in which axes of two names meet.
 */
export function shapedValues(g: Graph): Set<Value> {
  const known = new Set<Value>([...g.inputs, ...g.initializers.map(i => i.value)]);
  for (const { op, inputs, outputs } of g.nodes) if (isShaped(op, inputs, known)) for (const o of outputs) known.add(o);
  return known;
}

function isShaped(op: string, inputs: readonly (Value | undefined)[], known: ReadonlySet<Value>): boolean {
  const [first, second] = inputs;
  if (op === 'Reshape' || op === 'GroupQueryAttention') return false;
  // What is added has the shape of what it is added to.
  if (op === 'SkipSimplifiedLayerNormalization') return known.has(first!);
  if (op === 'Gather' || op === 'GatherND') return known.has(second!);
  if (op === 'FusedMatMul' && second!.shape.length > 2 && first!.shape[0] !== second!.shape[0]) return false;
  return inputs.every(v => !v || known.has(v));
}

/**
 * Bytes of the constants that a compiled graph holds on the CPU. The runtime computes nodes of constants alone when it
 * compiles the graph, so the constants that count are those that other nodes read. A table that is only gathered from stays
 * in its file, of which the rows that occur are read. Packed weights take the place of those that they are made of.
 */
export function constantMemory(g: Graph): number {
  const order = executionOrder(g);
  const read = [...readConstants(g, order)].reduce((sum, v) => sum + valueBytes(v, {}), 0);
  return read + order.reduce((sum, node) => sum + packedBesides(node), 0);
}

function readConstants(g: Graph, order: readonly Node[]): Set<Value> {
  const computed = new Set([...g.inputs, ...order.flatMap(node => node.outputs)]);
  const constants = new Set<Value>();
  for (const { op, inputs } of order)
    for (const [i, v] of inputs.entries()) if (v && !computed.has(v) && !(op === 'Gather' && i === 0)) constants.add(v);
  return constants;
}

/** Rows of packed codes that are summed together. */
const summedRows = 16;

/**
 * What a product over 4- or 8-bit codes packs beside them where it computes with 8-bit activations: every block's scale once
 * more, and the sum of its weights, both in F32 (MLAS's PackedQuantBDataStruct, on x64; ARM packs less). The scales as they
 * are stored stay mapped.
 */
function packedBesides({ op, inputs, attributes }: Node): number {
  if (op !== 'MatMulNBits' || attributes.accuracy_level !== 4) return 0;
  const [rows, blocks] = inputs[2]!.shape as [number, number];
  return 4 * blocks * (rows + Math.ceil(rows / summedRows) * summedRows);
}

/** Copies of a constant in the model itself, such as a rotary table, while it is compiled: as an array, encoded and read; measured. */
const copiesWhileCompiled = 3;

/** What converted and joined weights leave unused between them in the C library's heap: measured 5 to 7 % of their bytes. */
const gapsBetween = 0.06;

/** The memory of a graph's constants on the CPU: at the peak while it is compiled, and from then on. */
export function compiledMemory(g: Graph): { peak: number; held: number } {
  const order = executionOrder(g);
  const needed = neededValues(g);
  const folded = [...foldedNodes(g)].filter(node => node.outputs.some(v => needed.has(v.name)));
  const results = new Set(folded.flatMap(node => node.outputs));
  const bytesOf = (values: Iterable<Value | undefined>) => [...values].map(v => (v ? valueBytes(v, {}) : 0));
  const total = bytesOf(results).reduce((a, b) => a + b, 0);
  const gaps = gapsBetween * total;
  // The runtime keeps all that it computes from constants until it has computed the last, and reads what it converts whole.
  const sources = folded.flatMap(node => node.inputs).filter(v => v && !results.has(v));
  const folding = total + Math.max(0, ...bytesOf(sources));
  // Then it packs one weight after the other.
  const held = constantMemory(g);
  const packing = held + Math.max(0, ...bytesOf(readConstants(g, order)));
  const embedded = g.initializers.reduce((sum, { data }) => sum + ('bytes' in data ? data.bytes.length : 0), 0);
  return { peak: Math.max(folding, packing) + gaps + copiesWhileCompiled * embedded, held: held + gaps };
}
