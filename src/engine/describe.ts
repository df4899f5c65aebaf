import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { parseBaseConfig } from '../core/model/config.ts';
import { generationSettingsOf } from '../core/recipe/settings.ts';
import type { DescribeRequest, DescribeResult } from '../shared/engineApi.ts';
import { generationSettings } from '../shared/recipe.ts';
import { baseFolder, openExperiment, trainedExperts } from './experiment.ts';
import { readJson } from './store.ts';
import { mergeFolder, type Workbench } from './workbench.ts';

/** What a recipe offers to be asked, or what the base alone does. Reads no weights. */
export async function describeRun(workbench: Workbench, request: DescribeRequest): Promise<DescribeResult> {
  if (!request.recipe) {
    const folder = baseFolder(request.base ?? 'embedded', '', workbench.mediaFolder);
    const { maxTokens } = generationSettings.parse({});
    return { name: 'base', base: await describeBase(folder), maxTokens, experts: [], blends: [], merges: [] };
  }
  const experiment = await openExperiment(request.recipe, workbench.mediaFolder);
  const { recipe } = experiment;
  const trained = await trainedExperts(experiment);
  return {
    name: experiment.name,
    base: await describeBase(experiment.baseFolder),
    maxTokens: generationSettingsOf(recipe).maxTokens,
    experts: Object.entries(recipe.experts).map(([name, { domain, description }]) => ({
      name,
      domain: domain ?? name,
      description,
      isTrained: trained.includes(name),
    })),
    blends: Object.entries(recipe.blends).map(([name, weights]) => ({
      name,
      weights,
      isTrained: Object.entries(weights).every(([expert, weight]) => weight === 0 || trained.includes(expert)),
    })),
    merges: await Promise.all(
      Object.keys(recipe.merges).map(async name => ({ name, isMade: await isAdapter(mergeFolder(experiment, name)) })),
    ),
  };
}

async function describeBase(folder: string): Promise<DescribeResult['base']> {
  const path = join(folder, 'config.json');
  const json = (await readJson(path, "the base's config.json")) as Record<string, unknown>;
  const { architecture, maxLength } = parseBaseConfig(json, path);
  return { folder, architecture, contextLength: maxLength };
}

function isAdapter(folder: string): Promise<boolean> {
  return stat(join(folder, 'adapter_model.safetensors')).then(
    () => true,
    () => false,
  );
}
