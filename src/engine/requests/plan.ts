import { totalmem } from 'node:os';
import { join } from 'node:path';
import { type Base, graphConfig, openPlanBase } from '../../experiment/base.ts';
import { openExperiment } from '../../experiment/experiment.ts';
import { rankOf } from '../../nn/lora/adapterConfig.ts';
import { answeringMemory } from '../../nn/memory/answeringMemory.ts';
import { matrixOperations } from '../../nn/memory/matrixOperations.ts';
import { totalBytes } from '../../nn/memory/trainingMemory.ts';
import { baseParameters } from '../../nn/model/layout.ts';
import { epochCount } from '../../nn/train/schedule.ts';
import { sessionGraph } from '../../nn/train/sessionGraph.ts';
import { expertGroup, groupSize, type TrainPhase } from '../../nn/train/trainGraph.ts';
import type { PlannedExpert, PlanResult } from '../../protocol/engine/training.ts';
import { generationSettingsOf } from '../../recipe/settings.ts';
import { matMulRate } from '../runtime/matMulRate.ts';
import { memoryBudget } from '../training/memoryBudget.ts';
import { fits, planTraining, processBytes, type TrainingPlan } from '../training/planTraining.ts';
import { chosenExperts, type PreparedExpert, prepareExperts } from '../training/prepareExpert.ts';
import { trainedExpert } from '../training/trainedExpert.ts';
import { type RequestHandler, watchFor } from '../workbench/request.ts';

/** The share of a large product's rate that a training's own products reach. */
const efficiency = 0.8;
/** Seconds of a graph execution besides its products: measured about 3 ms. */
const secondsPerExecution = 0.003;

/** This process with the runtime loaded and a small base's graph compiled: measured 104 to 110 MB, less than training takes. */
const answeringProcessBytes = 110e6;

/** What training a recipe will take. Weights are not loaded, a quantised copy is not made. */
export const handle: RequestHandler<'plan'> = async (workbench, { recipe: path, text, only }, call) => {
  const experiment = await openExperiment(path, workbench.mediaFolder, text);
  const { recipe, baseFolder } = experiment;
  const { base, notes } = await openPlanBase(baseFolder, recipe.quantization, join(workbench.mediaFolder, 'base'));
  const names = chosenExperts(experiment, only);
  const prepared = await prepareExperts(experiment, base, names, {
    watch: watchFor(call, 'tokenising the data'),
    cacheFolder: workbench.cacheFolder,
  });
  const { device, halfFloats } = await workbench.devices.use();
  const budget = memoryBudget(workbench.memoryLimit, device);
  const plan = await planTraining({ base, prepared, seed: recipe.seed, device, halfFloats, budget });
  const longest = prepared.flatMap(p => p.job.train).reduce((most, e) => Math.max(most, e.ids.length), 0);
  const answering = answeringMemory({
    config: graphConfig(base),
    tensors: base.tensors,
    // A layer of smaller rank is padded in the bank.
    ranks: prepared.reduce((sum, p) => sum + Math.max(...p.targets.map(path => rankOf(p.lora, path))), 0),
    rowEffects: prepared.some(p => p.lora.dora),
    prompt: longest,
    length: Math.min(longest + generationSettingsOf(recipe).maxTokens, base.config.maxLength),
  });
  return {
    base: { folder: baseFolder, architecture: base.config.architecture, parameters: baseParameters(base) },
    device,
    experts: prepared.map(expert => plannedExpert(base, expert)),
    memory: { process: processBytes, ...plan.memory },
    totalBytes: processBytes + totalBytes(plan.memory),
    widensAtUse: plan.graphs.upcastsAtUse === true,
    halfActivations: plan.graphs.halfActivations === true,
    recompute: plan.graphs.recompute === true,
    isRecomputeChosen: plan.isRecomputeChosen,
    totalBytesWithout: processBytes + plan.bytesWithout,
    budgetBytes: Math.min(budget.bytes, budget.isLimit ? budget.bytes : totalmem()),
    isLimit: budget.isLimit,
    fits: fits(totalBytes(plan.memory), budget),
    answering: { process: answeringProcessBytes, ...answering },
    time: plannedTime(
      plan,
      prepared.map(p => p.job.steps),
      await matMulRate(workbench.threads, device),
    ),
    notes,
  };
};

function plannedExpert({ config }: Base, { job, settings, lora, targets, problems }: PreparedExpert): PlannedExpert {
  const { name, train, steps } = job;
  return {
    name,
    rank: lora.rank,
    layers: targets.length,
    parameters: groupSize(expertGroup(config, trainedExpert(name, lora, targets))),
    examples: train.length,
    tokensPerEpoch: train.reduce((sum, e) => sum + e.ids.length, 0),
    steps,
    epochs: epochCount(settings, train.length),
    problems,
  };
}

/** Time from the matrix products of each graph execution; recomputed operations take time, and do not count as useful. */
function plannedTime({ graphs, shapes }: TrainingPlan, steps: number[], rate: number): PlanResult['time'] {
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
  const secondsPerStep = done / (rate * efficiency) + executions * secondsPerExecution;
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
