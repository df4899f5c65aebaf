import { matrixOperations } from '../../nn/memory/matrixOperations.ts';
import { sessionGraph } from '../../nn/train/sessionGraph.ts';
import type { TrainPhase } from '../../nn/train/trainGraph.ts';
import type { PlanResult } from '../../protocol/engine/training.ts';
import type { TrainingPlan } from './planTraining.ts';

/** The share of a large product's rate that a training's own products reach. */
const efficiency = 0.8;
/** Seconds of a graph execution besides its products: measured about 3 ms. */
const secondsPerExecution = 0.003;

/** Seconds of so many graph executions, from the operations of their products and a large product's rate. */
export function executionSeconds(operations: number, executions: number, rate: number): number {
  return operations / (rate * efficiency) + executions * secondsPerExecution;
}

/** Time from the matrix products of each graph execution; recomputed operations take time, and do not count as useful. */
export function plannedTime({ graphs, shapes }: TrainingPlan, steps: number[], rate: number): PlanResult['time'] {
  const operationsOf = (recompute: boolean) => {
    const phases = (['step', 'accumulate', 'evaluate'] as TrainPhase[]).map(phase => {
      if (shapes[phase].length === 0) return 0;
      const operations = matrixOperations(sessionGraph({ ...graphs, recompute }, phase));
      return shapes[phase].reduce((sum, { B, T, M }) => sum + operations({ B, T, M }), 0);
    });
    return phases.reduce((a, b) => a + b, 0) / shapes.steps;
  };
  const useful = operationsOf(false);
  const done = graphs.recompute ? operationsOf(true) : useful;
  const executions = (shapes.step.length + shapes.accumulate.length + shapes.evaluate.length) / shapes.steps;
  const tokens = [...shapes.step, ...shapes.accumulate].reduce((sum, s) => sum + s.tokens, 0) / shapes.steps;
  const secondsPerStep = executionSeconds(done, executions, rate);
  const sum = (counts: number[]) => counts.reduce((a, b) => a + b, 0);
  // Experts that have taken their steps cost nothing.
  const seconds = (secondsPerStep * shapes.steps * sum(steps)) / sum(steps.map(n => Math.min(n, shapes.steps)));
  return {
    steps: Math.max(...steps),
    operationsPerStep: useful,
    tokensPerStep: tokens,
    matMulRate: rate,
    secondsPerStep,
    seconds,
  };
}
