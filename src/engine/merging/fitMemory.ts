import type { Base } from '../../experiment/base.ts';
import type { Graph } from '../../nn/graph/graph.ts';
import type { BatchShape } from '../../nn/memory/batchShapes.ts';
import type { Sizes } from '../../nn/memory/sizes.ts';
import { executionMemory } from '../../nn/memory/trainingMemory.ts';
import { hasInt8Codes } from '../../nn/model/int8Tensors.ts';
import { packsWeights } from '../../nn/train/sessionGraph.ts';
import { WorkbenchError } from '../../protocol/errors.ts';
import { bytes } from '../../text/numbers.ts';
import { memoryBudget } from '../training/memoryBudget.ts';
import { fits, withProcess } from '../training/planTraining.ts';

/**
 * Bytes that fitting takes beside the process: the graph's constants and results, and of `parameters` numbers themselves,
 * gradient, moments and what the next step writes.
 */
export function fitMemory(
  base: Base,
  graph: Graph,
  shapes: readonly (BatchShape & Sizes)[],
  parameters: number,
): number {
  // The runtime packs codes in place of what it has read of them.
  const { weights, activations, graphs } = executionMemory(graph, shapes, packs(base) && !isInt8(base));
  return weights + activations + graphs + 8 * 4 * parameters;
}

/** Whether the weights of a base's products are packed. Products with weights in few bits are slower without. */
export const packs = (base: Base) => base.quantization !== undefined || isInt8(base) || packsWeights(base.config);

const isInt8 = ({ config, tensors }: Base) => hasInt8Codes(config, tensors);

/** Throws `outOfMemory` where so many bytes more are more than there are; `what` would take them. */
export function checkFitMemory(needed: number, limit: number | undefined, what: string, otherwise: string): void {
  const budget = memoryBudget(limit, 'cpu');
  if (fits(needed, budget)) return;
  throw new WorkbenchError(
    'outOfMemory',
    `${what} would take ${bytes(withProcess(needed))} of memory: ${budget.isLimit ? 'the limit is' : 'there are'} ${bytes(budget.bytes)}`,
    `Lower the experts' 'maxLength', quantise the base, or ${otherwise}`,
  );
}
