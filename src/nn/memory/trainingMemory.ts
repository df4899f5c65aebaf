import type { Graph } from '../graph/graph.ts';
import { buildNormGraph } from '../train/normGraph.ts';
import { graphPlaces, packsWeights, type SessionGraphOptions, sessionGraph } from '../train/sessionGraph.ts';
import { expertGroup, groupSize, type TrainPhase } from '../train/trainGraph.ts';
import { createArena } from './arena.ts';
import { type BatchShape, type ExecutionShapes, largestShapes } from './batchShapes.ts';
import { allocateResults, compiledMemory, constantMemory } from './graphMemory.ts';
import { type Sizes, valueBytes } from './sizes.ts';

/** The memory plan of a training: bytes that it holds at its peak, besides the process it runs in. */
export interface TrainingMemory {
  /** The base, as each compiled graph holds it. */
  weights: number;
  /** Parameters, a copy of the best ones where they are validated, and accumulated gradients. */
  factors: number;
  /** AdamW's moments, and the tensors that the next step writes into. */
  optimiser: number;
  /** Results between a step's inputs and outputs. */
  activations: number;
  /** The compiled graphs themselves. */
  graphs: number;
}

/** Bytes of a compiled graph for each of its nodes: measured 11 to 13 kB over graphs of 900 to 8,100 nodes. */
export const bytesPerNode = 12_000;
/**
 * Results of a kind that are still in memory: onnxruntime-node copies every result for JavaScript, those too that it has
 * written into given tensors, and they stay until the next collection of garbage.
 */
const copiedResults = 2;
/** Results gather to about this much before V8 collects them: small ones sooner, by measurement. */
export const uncollectedBytes = { small: 32e6, large: 64e6 };

/** What operators allocate for themselves while they execute: measured 4 to 8 % of the arena. */
export const besidesResults = 1.06;

/** The memory plan of a training that executes its graphs with these shapes. */
export function trainingMemory(o: SessionGraphOptions, shapes: ExecutionShapes): TrainingMemory {
  const sizes = o.experts.map(e => groupSize(expertGroup(o.config, e)));
  const all = 4 * sizes.reduce((a, b) => a + b, 0);
  const inOneExecution = o.inTurn ? 4 * sizes[0]! : all;
  const copied = copiedResults * inOneExecution;
  const isValidated = shapes.evaluate.length > 0;
  const memory: TrainingMemory = {
    weights: 0,
    factors: all + (isValidated ? all : 0) + (o.accumulates ? all + copied : 0),
    optimiser: 5 * all + uncollectedCopies(3 * inOneExecution, copied, shapes.step.length),
    activations: 0,
    graphs: 0,
  };
  for (const { dora, ...expert } of graphPlaces(o)) {
    if (!dora) continue;
    const g = buildNormGraph(o.config, o.tensors, { ...expert, dora });
    const arena = createArena();
    allocateResults(g, { P: groupSize(expertGroup(o.config, { ...expert, dora })) }, arena);
    memory.weights += compiledMemory(g).held;
    memory.activations += besidesResults * arena.touchedBytes();
    memory.graphs += bytesPerNode * g.nodes.length;
  }
  const { step, accumulate, evaluate } = shapes;
  const phases: [TrainPhase, BatchShape[]][] = [
    o.accumulates ? ['accumulate', [...accumulate, ...step]] : ['step', step],
    ['evaluate', evaluate],
  ];
  for (const [phase, executed] of phases) {
    if (executed.length === 0) continue;
    const { weights, activations, graphs } = graphMemory(o, phase, executed);
    memory.weights += weights;
    memory.activations += activations;
    memory.graphs += graphs;
  }
  return memory;
}

/** Bytes of copies that V8 has not collected, of `executions` that write so much each; `copied` bytes are always among them. */
function uncollectedCopies(written: number, copied: number, executions: number): number {
  const large = Math.min(copiedResults * written, Math.max(copied, uncollectedBytes.large));
  return Math.max(large, Math.min(executions * written, uncollectedBytes.small));
}

/** The memory of one compiled graph, which never gives back what its executions have touched. */
function graphMemory(o: SessionGraphOptions, phase: TrainPhase, shapes: BatchShape[]) {
  return executionMemory(sessionGraph(o, phase), shapes, o.arithmetic !== 'int8' && packsWeights(o.config));
}

/**
 * The memory of a graph that is executed with these shapes, and with the sizes of what else it names, whose products' weights
 * are packed or not.
 */
export function executionMemory(
  g: Graph,
  shapes: readonly (BatchShape & Sizes)[],
  packs: boolean,
): Pick<TrainingMemory, 'weights' | 'activations' | 'graphs'> {
  const batchInputs = g.inputs.filter(i => i.shape.some(dim => typeof dim === 'string'));
  const largest = largestShapes(shapes);
  const arena = createArena();
  // The chunks that a smaller execution has left behind do not always serve a larger one.
  for (const shape of [shapes[0]!, ...largest]) allocateResults(g, shape, arena);
  const fed = largest.map(shape => batchInputs.reduce((sum, i) => sum + valueBytes(i, shape), 0));
  return {
    weights: compiledMemory(g).held + (packs ? constantMemory(g) : 0),
    activations: besidesResults * arena.touchedBytes() + Math.max(...fed),
    graphs: bytesPerNode * g.nodes.length,
  };
}

export function totalBytes(memory: TrainingMemory): number {
  return Object.values(memory).reduce((a, b) => a + b, 0);
}
