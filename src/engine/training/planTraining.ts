import { type Base, graphConfig } from '../../experiment/base.ts';
import { batchShapes, type ExecutionShapes } from '../../nn/memory/batchShapes.ts';
import { plannedCodes } from '../../nn/memory/plannedTensors.ts';
import { type TrainingMemory, totalBytes, trainingMemory } from '../../nn/memory/trainingMemory.ts';
import { linearLayers } from '../../nn/model/layout.ts';
import type { DType } from '../../nn/tensor/dtype.ts';
import { packsWeights, type SessionGraphOptions, takesTurns } from '../../nn/train/sessionGraph.ts';
import { accumulatesGradients } from '../../nn/train/trainLoop.ts';
import type { Arithmetic } from '../../protocol/arithmetic.ts';
import type { Device } from '../../protocol/device.ts';
import { WorkbenchError } from '../../protocol/errors.ts';
import { bytes } from '../../text/numbers.ts';
import { chooseArithmetic } from './chooseArithmetic.ts';
import type { MemoryBudget } from './memoryBudget.ts';
import type { PreparedExpert } from './prepareExpert.ts';
import { trainedExpert } from './trainedExpert.ts';

/** What a training run compiles and executes, and its memory plan. */
export interface TrainingPlan {
  graphs: SessionGraphOptions;
  shapes: ExecutionShapes;
  memory: TrainingMemory;
  /** The memory budget, not the recipe, asks for recomputing. */
  isRecomputeChosen: boolean;
  /** Bytes that it would take without the savings chosen here. */
  bytesWithout: number;
}

export interface TrainingPlanOptions {
  base: Base;
  prepared: PreparedExpert[];
  seed: number;
  device: Device;
  /** A device other than the CPU has half floats. */
  halfFloats: boolean;
  budget: MemoryBudget;
  threads: number;
  /** The arithmetic of the run that goes on, which 'auto' keeps where the machine can. */
  resumed?: Arithmetic | undefined;
  /** Where the base's copy for products in 8 bits would be kept. */
  cacheFolder: string;
  /** As in `chooseArithmetic`. */
  tell?: ((note: string) => void) | undefined;
}

/** This process with the runtime loaded and nothing compiled: measured 95 to 130 MB. */
export const processBytes = 125e6;

/**
 * Plans a training run. Where it would not fit otherwise, each product upcasts its 16-bit weights, which costs little, and
 * then gradient checkpointing recomputes activations, which costs more; a recipe can demand or forbid recomputing. What a
 * GPU has room for is not known: there weights are upcast at use and activations are stored in half floats wherever
 * possible.
 */
export async function planTraining(o: TrainingPlanOptions): Promise<TrainingPlan> {
  const { base, prepared, seed, device, budget } = o;
  const jobs = prepared.map(p => p.job);
  const experts = prepared.map(({ job, lora, targets, settings }) => ({
    ...trainedExpert(job.name, lora, targets, settings),
    dropout: lora.dropout,
  }));
  const inTurn = takesTurns(experts, device);
  const shapes = await batchShapes(jobs, { seed, inTurn });
  const accumulates = accumulatesGradients(jobs, inTurn);
  const halfActivations = device !== 'cpu' && o.halfFloats;
  const wished = prepared.map(p => p.settings.arithmetic);
  const arithmetic = await chooseArithmetic({ ...o, wished });
  const tensors = arithmetic === 'int8' ? plannedCodes(base) : base.tensors;
  const graphs = { config: graphConfig(base), tensors, experts, accumulates, inTurn, halfActivations, arithmetic };
  const wishes = prepared.map(p => p.settings.recompute);
  const isAsked = wishes.includes(true);
  const recomputes = !isAsked && wishes.includes('auto') ? [false, true] : [isAsked];
  const upcasts = arithmetic === 'int8' || !canUpcastAtUse(o) ? [false] : device === 'cpu' ? [false, true] : [true];
  const ways = recomputes.flatMap(recompute => upcasts.map(upcastsAtUse => ({ recompute, upcastsAtUse })));
  const planned: Pick<TrainingPlan, 'graphs' | 'shapes' | 'memory'>[] = [];
  const bytesOf = ({ memory }: Pick<TrainingPlan, 'memory'>) => totalBytes(memory);
  for (const way of ways) {
    const options = { ...graphs, ...way };
    const plan = { graphs: options, shapes, memory: trainingMemory(options, shapes) };
    planned.push(plan);
    if (fits(bytesOf(plan), budget)) break;
  }
  // The first plan that fits takes less than those before it, which do not fit. Where none fits, the smallest is nearest.
  const chosen = planned.reduce((least, plan) => (bytesOf(plan) < bytesOf(least) ? plan : least));
  return {
    ...chosen,
    isRecomputeChosen: chosen.graphs.recompute === true && !isAsked,
    bytesWithout: bytesOf(planned[0]!),
  };
}

/** Whether a base's weights can stay in 16 bits: a small base's are packed in F32, and a GPU has no operator for BF16. */
function canUpcastAtUse({ base, device, halfFloats }: TrainingPlanOptions): boolean {
  const { config, tensors, quantization } = base;
  if (quantization || packsWeights(config)) return false;
  const readable: DType[] = device === 'cpu' ? ['F16', 'BF16'] : halfFloats ? ['F16'] : [];
  return linearLayers(config).every(l => readable.includes(tensors.get(`${l.path}.weight`)!.dtype));
}

/** Whether a training fits beside what this process holds already. */
export function fits(trainingBytes: number, budget: MemoryBudget): boolean {
  return withProcess(trainingBytes) <= budget.bytes;
}

/** Bytes of the process while it takes so many more. */
export function withProcess(trainingBytes: number): number {
  return Math.max(processBytes, process.memoryUsage.rss()) + trainingBytes;
}

/** Throws `outOfMemory` for a run that does not fit, and says what would change that. */
export function checkFits({ memory, graphs }: TrainingPlan, budget: MemoryBudget): void {
  const needed = totalBytes(memory);
  if (fits(needed, budget)) return;
  const [largest] = Object.entries(memory).sort((a, b) => b[1] - a[1])[0]!;
  const advice = largest === 'weights' ? smallerWeights : largest === 'activations' ? smallerBatches : smallerFactors;
  throw new WorkbenchError(
    'outOfMemory',
    `training would take ${bytes(withProcess(needed))} of memory${graphs.recompute ? ', activations computed again' : ''}: ${budget.isLimit ? 'the limit is' : 'there are'} ${bytes(budget.bytes)}. The most goes to ${largest} (${bytes(memory[largest as keyof TrainingMemory])})`,
    `${advice}${graphs.recompute ? '' : " Or leave 'recompute' at 'auto'."}${budget.isLimit ? ' Or raise the memory limit.' : ''} 'multi-lora plan' shows what takes how much.`,
  );
}

const smallerBatches =
  "Halve 'batchSize' and double 'accumulation', for the same steps in about half of that; or lower 'maxLength'.";
const smallerWeights = "Set 'quantization' to 'int8' or 'int4', or take a smaller base.";
const smallerFactors = "Lower 'rank', name fewer 'targets', or train fewer experts at a time.";
