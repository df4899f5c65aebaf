import type { RequestHandler } from '../workbench/request.ts';

/** What is in memory. */
export const handle: RequestHandler<'loaded'> = async workbench => workbench.loaded();
