import { createRequestQueue } from '../workbench/requestQueue.ts';

/** What computes with the open model takes its turn here. */
export const modelLane = createRequestQueue();
/** What combines and writes adapters, with a base of its own, so that nobody waits for an answer meanwhile. */
export const mergingLane = createRequestQueue();
/** What trains. */
export const trainingLane = createRequestQueue();
