import { paddingShare } from '../../nn/memory/batchShapes.ts';
import { matrixOperations } from '../../nn/memory/matrixOperations.ts';
import { type SessionGraphOptions, sessionGraph } from '../../nn/train/sessionGraph.ts';
import type { TrainPhase } from '../../nn/train/trainGraph.ts';
import type { Device } from '../../protocol/device.ts';
import type { PlanResult } from '../../protocol/engine/training.ts';
import { int8Support } from '../runtime/int8Support.ts';
import type { TrainingPlan } from './planTraining.ts';

/**
 * Seconds of what lies between the products, for each of their operations: on the CPU that reads and writes memory, which
 * goes no faster where products do. Fitted to bases of this width on AVX2 and AVX-512 (2.2, 1.8 and 2.4 ps); in wider ones a
 * number that is read takes part in as many more operations, as seen at 1536.
 */
const betweenProducts = { seconds: 1.9e-12, width: 576 };
/** Seconds of converting to and from 8 bits, for each operation of their products: what they read and write is the same. */
const aroundIntegers = 1e-12;
/** The share of a GPU's rate in a large product that a training's own products reach. */
const gpuEfficiency = 0.8;
/** Seconds of a graph execution besides its products: measured about 3 ms. */
const secondsPerExecution = 0.003;
/** Seconds in which a CPU reads a byte of weights, once in an execution: seen with 3.3 GB of them and 90 rows. */
const secondsPerByte = 1 / 24e9;

/** What graph executions compute. */
export interface Executions {
  count: number;
  /** Floating-point operations of their products in F32. */
  operations: number;
  /** Operations of their products in 8 bits. */
  integers: number;
  /** Bytes of weights that each reads. */
  weights: number;
  /** Of the base. */
  width: number;
}

/** Seconds of graph executions, from the rates of large products on the device, in operations a second. */
export function executionSeconds(
  { count, operations, integers, weights, width }: Executions,
  rates: { matMul: number; int8: number },
  device: Device,
): number {
  if (device !== 'cpu') return operations / (rates.matMul * gpuEfficiency) + count * secondsPerExecution;
  const share = Math.min(1, betweenProducts.width / width);
  const inFloats = operations * (1 / rates.matMul + share * betweenProducts.seconds);
  const inIntegers = integers === 0 ? 0 : integers * (1 / rates.int8 + share * aroundIntegers);
  return inFloats + inIntegers + count * (secondsPerExecution + weights * secondsPerByte);
}

/**
 * Time from the matrix products of each graph execution. Operations that are done a second time take time, and do not count as
 * useful: those of activations that are computed again, and second terms of products in 8 bits.
 */
export async function plannedTime(
  { graphs, shapes, memory }: TrainingPlan,
  steps: number[],
  rate: number,
  device: Device,
  threads: number,
): Promise<PlanResult['time']> {
  const operationsOf = (options: SessionGraphOptions, which?: 'integers') => {
    const phases = (['step', 'accumulate', 'evaluate'] as TrainPhase[]).map(phase => {
      if (shapes[phase].length === 0) return 0;
      const operations = matrixOperations(sessionGraph(options, phase), which);
      return shapes[phase].reduce((sum, { B, T, M }) => sum + operations({ B, T, M }), 0);
    });
    return phases.reduce((a, b) => a + b, 0) / shapes.steps;
  };
  const useful = operationsOf({ ...graphs, recompute: false, arithmetic: 'float' });
  const isInt8 = graphs.arithmetic === 'int8';
  const integers = isInt8 ? operationsOf(graphs, 'integers') : 0;
  const done = isInt8 || graphs.recompute ? operationsOf(graphs) - integers : useful;
  const count = (shapes.step.length + shapes.accumulate.length + shapes.evaluate.length) / shapes.steps;
  const tokens = [...shapes.step, ...shapes.accumulate].reduce((sum, s) => sum + s.tokens, 0) / shapes.steps;
  const rates = { matMul: rate, int8: isInt8 ? (await int8Support(threads)).rate : 0 };
  const { weights } = memory;
  const width = graphs.config.dim;
  const secondsPerStep = executionSeconds({ count, operations: done, integers, weights, width }, rates, device);
  const sum = (counts: number[]) => counts.reduce((a, b) => a + b, 0);
  // Experts that have taken their steps cost nothing.
  const seconds = (secondsPerStep * shapes.steps * sum(steps)) / sum(steps.map(n => Math.min(n, shapes.steps)));
  return {
    steps: Math.max(...steps),
    operationsPerStep: useful,
    tokensPerStep: tokens,
    padding: paddingShare(shapes),
    matMulRate: rate,
    secondsPerStep,
    seconds,
  };
}
