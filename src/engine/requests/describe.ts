import { readAdapterConfig } from '../../experiment/adapterFiles.ts';
import { readBaseConfig, readChatTemplate } from '../../experiment/base.ts';
import { baseFolder } from '../../experiment/baseFolder.ts';
import {
  adapterFolder,
  type Experiment,
  mergeFolder,
  openExperiment,
  trainedExperts,
} from '../../experiment/experiment.ts';
import { isThere, sizeOf } from '../../experiment/files.ts';
import { learnsGaps } from '../../experiment/learnsGaps.ts';
import { adapterPaths } from '../../experiment/paths.ts';
import { readSkills } from '../../experiment/readSkills.ts';
import { readTrainingRecord } from '../../experiment/trainingRecord.ts';
import { memoryNeeded } from '../../hub/knownModels.ts';
import { baseParameters } from '../../nn/model/layout.ts';
import { createChatTemplate } from '../../nn/tokenizer/chatTemplate.ts';
import { toolSupport } from '../../nn/tokenizer/toolSupport.ts';
import type { DescribedAdapter, DescribedBase } from '../../protocol/engine/experts.ts';
import { WorkbenchError } from '../../protocol/errors.ts';
import { conversationSettings } from '../../recipe/settings.ts';
import { fillsGaps } from '../workbench/fillsGaps.ts';
import type { RequestHandler } from '../workbench/request.ts';

/** Without a recipe nobody is named who could answer elsewhere. */
const localAlone = { answering: 'local', engines: [] };

/** What a recipe offers to be asked, or what the base alone does. Reads no weights. */
export const handle: RequestHandler<'describe'> = async (workbench, request) => {
  if (!request.recipe) {
    const { base = 'embedded' } = request;
    const described = await describeBase(base, baseFolder(base, '', workbench.mediaFolder));
    const { maxTokens } = conversationSettings(undefined, described.contextLength);
    return { name: 'base', base: described, maxTokens, ...localAlone, experts: [], blends: [], merges: [] };
  }
  const experiment = await openExperiment(request.recipe, workbench.mediaFolder);
  const { recipe } = experiment;
  const trained = await trainedExperts(experiment);
  const base = await describeBase(recipe.base, experiment.baseFolder);
  return {
    name: experiment.name,
    base,
    report: experiment.paths.report,
    maxTokens: conversationSettings(recipe, base.contextLength).maxTokens,
    answering: recipe.answering,
    engines: Object.entries(recipe.engines).map(([name, { url }]) => ({ name, url })),
    experts: await Promise.all(
      Object.entries(recipe.experts).map(async ([name, { domain, description, data }]) => ({
        name,
        domain: domain ?? name,
        description,
        isTrained: trained.includes(name),
        isTrainable: data !== undefined,
        skills: data && (await readSkills(experiment.folder, data)),
        ...(data && (await learnsGaps(experiment.folder, data.train)) && { fills: true }),
        adapter: trained.includes(name) ? await describeAdapter(experiment, name) : undefined,
      })),
    ),
    blends: Object.entries(recipe.blends).map(([name, weights]) => ({
      name,
      weights,
      isTrained: Object.entries(weights).every(([expert, weight]) => weight === 0 || trained.includes(expert)),
    })),
    merges: await Promise.all(
      Object.keys(recipe.merges).map(async name => {
        const folder = mergeFolder(experiment, name);
        return { name, isMade: await isThere(adapterPaths(folder).factors), folder };
      }),
    ),
  };
};

/** Undefined for one that cannot be read: it is told of when it is loaded. */
async function describeAdapter(e: Experiment, name: string): Promise<DescribedAdapter | undefined> {
  const folder = adapterFolder(e, name);
  try {
    const config = await readAdapterConfig(folder, "the adapter's configuration");
    // The record is of what training wrote here, not of an adapter that the recipe names.
    const isOwn = e.recipe.experts[name]?.adapter === undefined;
    const record = isOwn ? await readTrainingRecord(e.paths, name) : undefined;
    const { baseHash, step } = record ?? {};
    return { folder, rank: config.rank, bytes: await sizeOf(folder), isOwn, baseHash, steps: step };
  } catch (error) {
    if (error instanceof WorkbenchError) return undefined;
    throw error;
  }
}

async function describeBase(name: string, folder: string): Promise<DescribedBase> {
  const { config } = await readBaseConfig(folder);
  const parameters = baseParameters({ config });
  return {
    name,
    folder,
    architecture: config.architecture,
    contextLength: config.maxLength,
    callsTools: await callsTools(folder),
    parameters,
    bytes: await sizeOf(folder),
    memoryBytes: memoryNeeded(parameters),
    fills: await fillsGaps(folder),
    followsInstructions: name !== 'embedded' && (await hasTemplate(folder)),
  };
}

/** False for a template that cannot be read: the first answer tells of it. */
async function hasTemplate(folder: string): Promise<boolean> {
  try {
    return (await readChatTemplate(folder)) !== undefined;
  } catch (error) {
    if (error instanceof WorkbenchError) return false;
    throw error;
  }
}

/** False for a template that cannot be read: the first answer tells of it. */
async function callsTools(folder: string): Promise<boolean> {
  try {
    const { schemas, calls } = toolSupport(createChatTemplate(await readChatTemplate(folder)), {});
    return schemas && calls;
  } catch (error) {
    if (error instanceof WorkbenchError) return false;
    throw error;
  }
}
