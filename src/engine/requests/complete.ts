import { beginCompletion } from '../answering/beginCompletion.ts';
import { createCompletions } from '../answering/completions.ts';
import { completeElsewhere } from '../elsewhere/completeElsewhere.ts';
import { answered } from '../elsewhere/openElsewhere.ts';
import type { RequestHandler } from '../workbench/request.ts';
import { modelLane } from './lanes.ts';

const completions = createCompletions(modelLane, beginCompletion);

/** Goes on with a conversation or a text, together with the other requests that are under way. */
export const handle: RequestHandler<'complete'> = (workbench, request, call) =>
  answered(workbench, request, call, {
    elsewhere: (from, watched) => completeElsewhere(workbench, from, request, watched),
    here: () => completions.complete(workbench, request, call),
  });
