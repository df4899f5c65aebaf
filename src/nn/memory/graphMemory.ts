import type { Graph, Node, Value } from '../graph/graph.ts';
import { executionOrder } from './executionOrder.ts';
import { type Sizes, valueBytes } from './sizes.ts';

/** Operators whose result shares the memory of their first input. */
const aliases = new Set(['Reshape', 'Squeeze', 'Unsqueeze']);
/** Operators that write their result over an input of the same size that nothing reads later; measured. */
const inPlace = new Set(['Sigmoid', 'Softmax', 'LogSoftmax', 'Cast', 'ScatterElements']);

/** Memory that several values use, one after the other. */
interface Block<M> {
  bytes: number;
  /** Values in it that are still to be read. */
  open: number;
  memory: M;
}

/** Where results get their memory. */
export interface Allocator<M> {
  allocate(bytes: number): M;
  free(memory: M): void;
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
export function allocateResults<M>(g: Graph, sizes: Sizes, { allocate, free }: Allocator<M>): void {
  const order = executionOrder(g);
  const outputs = new Set(g.outputs);
  const readers = new Map<Value, number>();
  for (const node of order) for (const v of new Set(node.inputs)) if (v) readers.set(v, (readers.get(v) ?? 0) + 1);

  const blocks = new Map<Value, Block<M>>();
  const release = (v: Value, left: number): void => {
    readers.set(v, left);
    const block = left === 0 ? blocks.get(v) : undefined;
    if (!block) return;
    blocks.delete(v);
    if (--block.open === 0) free(block.memory);
  };
  for (const node of order) {
    for (const [i, out] of node.outputs.entries()) {
      if (out.name === '' || outputs.has(out)) continue;
      // In another shape, inputs and constants take no memory either.
      if (aliases.has(node.op) && !blocks.has(node.inputs[0]!)) continue;
      let block = i === 0 ? reusedBlock(node, out, blocks, readers, sizes) : undefined;
      if (!block) {
        const bytes = valueBytes(out, sizes);
        block = { bytes, open: 0, memory: allocate(bytes) };
      }
      block.open++;
      blocks.set(out, block);
    }
    for (const v of new Set(node.inputs)) if (v) release(v, readers.get(v)! - 1);
    // A result that nothing reads (a piece of a split) is freed at once.
    for (const out of node.outputs) if (!readers.has(out)) release(out, 0);
  }
}

function reusedBlock<M>(
  node: Node,
  out: Value,
  blocks: ReadonlyMap<Value, Block<M>>,
  readers: ReadonlyMap<Value, number>,
  sizes: Sizes,
): Block<M> | undefined {
  if (aliases.has(node.op)) return blocks.get(node.inputs[0]!);
  if (!inPlace.has(node.op)) return undefined;
  for (const v of node.inputs) {
    const block = v && blocks.get(v);
    if (block && block.open === 1 && readers.get(v) === 1 && block.bytes === valueBytes(out, sizes)) return block;
  }
  return undefined;
}

/**
 * Bytes of the constants that a compiled graph holds on the CPU. The runtime computes nodes of constants alone when it
 * compiles the graph, so the constants that count are those that other nodes read. A table that is only gathered from stays
 * in its file, of which the rows that occur are read.
 */
export function constantMemory(g: Graph): number {
  const order = executionOrder(g);
  const computed = new Set([...g.inputs, ...order.flatMap(node => node.outputs)]);
  const constants = new Set<Value>();
  for (const { op, inputs } of order)
    for (const [i, v] of inputs.entries()) if (v && !computed.has(v) && !(op === 'Gather' && i === 0)) constants.add(v);
  return [...constants].reduce((sum, v) => sum + valueBytes(v, {}), 0);
}
