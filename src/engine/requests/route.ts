import { openExperiment } from '../../experiment/experiment.ts';
import type { RequestHandler } from '../workbench/request.ts';

/** Routes prompts; needs neither the base nor trained experts. Without a recipe the shipped prior speaks for math, code and qa. */
export const handle: RequestHandler<'route'> = async (workbench, { recipe, prompts }) => {
  const router = await workbench.router(recipe ? await openExperiment(recipe, workbench.mediaFolder) : undefined);
  return prompts.map(prompt => {
    const { weights, abstained, evidence } = router(prompt);
    return { weights, abstained, evidence };
  });
};
