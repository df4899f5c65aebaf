import { removeModel } from '../hub/removeModel.ts';
import type { RequestHandler } from '../workbench/request.ts';

/** Deletes one commit of a model from the Hugging Face cache. */
export const handle: RequestHandler<'removeModel'> = (_workbench, model) => removeModel(model);
