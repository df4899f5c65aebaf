import type { Params, Progress, Result, Side } from '../contract.ts';
import { askingRequests } from './asking.ts';
import { completingRequests } from './completing.ts';
import { doctorRequests } from './doctor.ts';
import { evaluatingRequests } from './evaluating.ts';
import { engineNotifications, expertRequests } from './experts.ts';
import { mergingRequests } from './merging.ts';
import { modelRequests } from './models.ts';
import { sweepingRequests } from './sweeping.ts';
import { trainingRequests } from './training.ts';
import { weighingRequests } from './weighing.ts';

/** What the engine process is asked, over its standard streams. */
export const engineSide = {
  requests: {
    ...doctorRequests,
    ...expertRequests,
    ...askingRequests,
    ...completingRequests,
    ...trainingRequests,
    ...sweepingRequests,
    ...mergingRequests,
    ...weighingRequests,
    ...evaluatingRequests,
    ...modelRequests,
  },
  notifications: {},
} as const satisfies Side;

/** What the engine's caller is told. */
export const callerSide = { requests: {}, notifications: engineNotifications } as const satisfies Side;

export type EngineMethod = keyof (typeof engineSide)['requests'];
export type EngineParams<M extends EngineMethod> = Params<typeof engineSide, M>;
export type EngineResult<M extends EngineMethod> = Result<typeof engineSide, M>;
export type EngineProgress<M extends EngineMethod> = Progress<typeof engineSide, M>;
