import { createRequestQueue } from '../workbench/requestQueue.ts';

/** What computes with the open model takes its turn here. */
export const modelLane = createRequestQueue();
/** What trains. */
export const trainingLane = createRequestQueue();
