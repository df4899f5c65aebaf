import { trainElsewhere } from '../trainingElsewhere/trainElsewhere.ts';
import type { RequestHandler } from '../workbench/request.ts';

/** Trains an expert on another machine, telling every event. */
export const handle: RequestHandler<'trainElsewhere'> = trainElsewhere;
