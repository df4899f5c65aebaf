import { type RequestHandler, watchFor } from '../workbench/request.ts';

/** Compiles a recipe's base and puts experts into its bank. Throws `notFound` for one that is not trained. */
export const handle: RequestHandler<'load'> = async (workbench, { recipe, experts }, call) => {
  const open = await workbench.open(recipe, watchFor(call));
  await open.load(experts);
  return workbench.loaded();
};
