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
 * goes no faster where products do. Fitted to bases 576 wide on AVX2 and AVX-512 (2.2, 1.8 and 2.4 ps).
 */
const betweenProducts = 1.9e-12;
/** Seconds of converting to and from 8 bits, for each operation of their products: what they read and write is the same. */
const aroundIntegers = 1e-12;
/** The share of a GPU's rate in a large product that a training's own products reach. */
const gpuEfficiency = 0.8;
/** Seconds of a graph execution besides its products: measured about 3 ms. */
const secondsPerExecution = 0.003;

/** Seconds of so many graph executions, from the operations of their products and a large product's rate on the device. */
export function executionSeconds(operations: number, executions: number, rate: number, device: Device): number {
  const secondsPerOperation = device === 'cpu' ? 1 / rate + betweenProducts : 1 / (rate * gpuEfficiency);
  return operations * secondsPerOperation + executions * secondsPerExecution;
}

/** Seconds of so many operations of products in 8 bits, at the rate of a large one on the CPU. */
export function integerSeconds(operations: number, rate: number): number {
  return operations === 0 ? 0 : operations * (1 / rate + aroundIntegers);
}

/**
 * Time from the matrix products of each graph execution. Operations that are done a second time take time, and do not count as
 * useful: those of activations that are computed again, and second terms of products in 8 bits.
 */
export async function plannedTime(
  { graphs, shapes }: TrainingPlan,
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
  const executions = (shapes.step.length + shapes.accumulate.length + shapes.evaluate.length) / shapes.steps;
  const tokens = [...shapes.step, ...shapes.accumulate].reduce((sum, s) => sum + s.tokens, 0) / shapes.steps;
  const inIntegers = isInt8 ? integerSeconds(integers, (await int8Support(threads)).rate) : 0;
  const secondsPerStep = executionSeconds(done, executions, rate, device) + inIntegers;
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
