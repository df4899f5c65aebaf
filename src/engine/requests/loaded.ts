import type { RequestHandler } from '../workbench/requestHandler.ts';

/** What is in memory. */
export const handle: RequestHandler<'loaded'> = async workbench => workbench.loaded();
