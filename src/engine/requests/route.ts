import { baseFolder } from '../../experiment/baseFolder.ts';
import { openExperiment } from '../../experiment/experiment.ts';
import type { RouteResult } from '../../protocol/route.ts';
import { tokenRouterOf } from '../../recipe/settings.ts';
import { beyondAnswering, withinExperts } from '../workbench/beyondExperts.ts';
import { type RequestHandler, watchFor } from '../workbench/request.ts';
import { modelLane } from './lanes.ts';

/**
 * Routes prompts. A router that reads words needs neither the base nor trained experts; without a recipe the shipped prior
 * speaks for math, code and qa. Token gates read with the model, which takes its lane.
 */
export const handle: RequestHandler<'route'> = async (workbench, { recipe, prompts }, call) => {
  const experiment = recipe ? await openExperiment(recipe, workbench.mediaFolder) : undefined;
  const byTokens = experiment && tokenRouterOf(experiment.recipe);
  const isEmbedded = (experiment?.recipe.base ?? 'embedded') === 'embedded';
  const text = isEmbedded ? await workbench.text(baseFolder('embedded', '', workbench.mediaFolder)) : undefined;
  const told = async (route: RouteResult, prompt: string): Promise<RouteResult> => {
    if (!text) return route;
    const beyond = await beyondAnswering(prompt, text.tokenizer, route.weights, experiment);
    return { ...route, ...(beyond && { beyond }) };
  };
  if (byTokens)
    return modelLane.run(async () => {
      // With it comes the runtime.
      const { gateTokens } = await import('../gating/gateTokens.ts');
      const { routeByTokens } = await import('../gating/tokenRoute.ts');
      const open = await workbench.open(experiment.path, watchFor(call));
      const weights = await gateTokens(open, byTokens, workbench, call);
      const routes: RouteResult[] = [];
      for (const prompt of prompts) routes.push(await told(await routeByTokens(open, prompt, weights), prompt));
      return routes;
    }, call.signal);
  const router = await workbench.router(experiment);
  const routes: RouteResult[] = [];
  for (const prompt of prompts) {
    const { weights, abstained, evidence } = router(prompt);
    const route = { weights, abstained, evidence };
    const within = experiment && isEmbedded ? await withinExperts(route, prompt, experiment) : route;
    routes.push(await told(within, prompt));
  }
  return routes;
};
