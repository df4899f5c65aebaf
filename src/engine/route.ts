import type { RouteRequest, RouteResult } from '../shared/engineApi.ts';
import { openExperiment } from './experiment.ts';
import { openPriorRouter, openRouter } from './routing.ts';
import type { Workbench } from './workbench.ts';

/** Routes prompts; needs neither the base nor trained experts. Without a recipe the shipped prior speaks for math, code and qa. */
export async function routeRun(workbench: Workbench, { recipe, prompts }: RouteRequest): Promise<RouteResult[]> {
  const router = recipe
    ? await openRouter(await openExperiment(recipe, workbench.mediaFolder), workbench.mediaFolder)
    : await openPriorRouter(workbench.mediaFolder);
  return prompts.map(prompt => {
    const { weights, abstained, evidence } = router(prompt);
    return { weights, abstained, evidence };
  });
}
