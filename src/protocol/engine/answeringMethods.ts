import type { EngineMethod } from './engineApi.ts';

/** Requests that send prompts to an engine elsewhere where the recipe names one. Apart from the schemas, which load slowly. */
export const answeringMethods: ReadonlySet<EngineMethod> = new Set<EngineMethod>([
  'ask',
  'askAll',
  'complete',
  'evaluate',
]);
