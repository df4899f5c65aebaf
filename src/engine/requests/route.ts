import { openExperiment } from '../../experiment/experiment.ts';
import type { RouteRequest, RouteResult } from '../../protocol/engine/engineApi.ts';
import type { Workbench } from '../workbench/workbench.ts';

/** Routes prompts; needs neither the base nor trained experts. Without a recipe the shipped prior speaks for math, code and qa. */
export async function routeRun(workbench: Workbench, { recipe, prompts }: RouteRequest): Promise<RouteResult[]> {
  const router = await workbench.router(recipe ? await openExperiment(recipe, workbench.mediaFolder) : undefined);
  return prompts.map(prompt => {
    const { weights, abstained, evidence } = router(prompt);
    return { weights, abstained, evidence };
  });
}
