import { totalmem } from 'node:os';
import { join } from 'node:path';
import { type Base, graphConfig, openPlanBase } from '../../experiment/base.ts';
import { openExperiment } from '../../experiment/experiment.ts';
import { rankOf } from '../../nn/lora/adapterConfig.ts';
import { answeringMemory } from '../../nn/memory/answeringMemory.ts';
import { plannedCodes } from '../../nn/memory/plannedTensors.ts';
import { totalBytes } from '../../nn/memory/trainingMemory.ts';
import { baseParameters } from '../../nn/model/layout.ts';
import { epochCount } from '../../nn/train/schedule.ts';
import { expertGroup, groupSize } from '../../nn/train/trainGraph.ts';
import type { PlannedExpert } from '../../protocol/engine/training.ts';
import type { Recipe } from '../../recipe/schema.ts';
import { conversationSettings, trainingSettingsOf } from '../../recipe/settings.ts';
import { planFits, planGates } from '../merging/planFits.ts';
import { matMulRate } from '../runtime/matMulRate.ts';
import { memoryBudget } from '../training/memoryBudget.ts';
import { plannedTime } from '../training/plannedTime.ts';
import { fits, planTraining, processBytes } from '../training/planTraining.ts';
import { chosenExperts, type PreparedExpert, prepareExperts } from '../training/prepareExpert.ts';
import { trainedExpert } from '../training/trainedExpert.ts';
import { paysInInt8 } from '../workbench/answeringBase.ts';
import { type RequestHandler, watchFor } from '../workbench/request.ts';

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
  const { threads, cacheFolder } = workbench;
  const budget = memoryBudget(workbench.memoryLimit, device);
  const plan = await planTraining({
    base,
    prepared,
    seed: recipe.seed,
    device,
    halfFloats,
    budget,
    threads,
    cacheFolder,
    tell: note => notes.push(note),
  });
  const rate = await matMulRate(threads, device);
  const longest = prepared.flatMap(p => p.job.train).reduce((most, e) => Math.max(most, e.ids.length), 0);
  const answersInInt8 = recipe.quantization === 'auto' && (await paysInInt8(base, { device, cacheFolder, threads }));
  const answering = answeringMemory({
    config: graphConfig(base),
    tensors: answersInInt8 ? plannedCodes(base) : base.tensors,
    // A layer of smaller rank is padded in the bank.
    ranks: prepared.reduce((sum, p) => sum + Math.max(...p.targets.map(path => rankOf(p.lora, path))), 0),
    rowEffects: prepared.some(p => p.lora.dora),
    prompt: longest,
    length: Math.min(longest + conversationSettings(recipe, base.config.maxLength).maxTokens, base.config.maxLength),
  });
  const cpuRate = device === 'cpu' ? rate : await matMulRate(threads, 'cpu');
  return {
    base: { folder: baseFolder, architecture: base.config.architecture, parameters: baseParameters(base) },
    device,
    experts: prepared.map(expert => plannedExpert(recipe, base, expert)),
    memory: { process: processBytes, ...plan.memory },
    totalBytes: processBytes + totalBytes(plan.memory),
    arithmetic: plan.graphs.arithmetic ?? 'float',
    answersInInt8,
    widensAtUse: plan.graphs.upcastsAtUse === true,
    halfActivations: plan.graphs.halfActivations === true,
    recompute: plan.graphs.recompute === true,
    isRecomputeChosen: plan.isRecomputeChosen,
    totalBytesWithout: processBytes + plan.bytesWithout,
    budgetBytes: Math.min(budget.bytes, budget.isLimit ? budget.bytes : totalmem()),
    isLimit: budget.isLimit,
    fits: fits(totalBytes(plan.memory), budget),
    answering: { process: answeringProcessBytes, ...answering },
    time: await plannedTime(
      plan,
      prepared.map(p => p.job.steps),
      rate,
      device,
      threads,
    ),
    fitted: [
      ...(await planFits(experiment, base, prepared, { matMul: cpuRate, threads, cacheFolder })),
      ...planGates(experiment, base, prepared, cpuRate),
    ],
    notes,
  };
};

function plannedExpert(
  recipe: Recipe,
  { config }: Base,
  { job, settings, lora, targets, problems }: PreparedExpert,
): PlannedExpert {
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
    learningRate: settings.learningRate,
    isRateAuto: trainingSettingsOf(recipe, name).learningRate === 'auto',
    problems,
  };
}
