import type { WorkWatch } from '../../experiment/workWatch.ts';
import type { Call } from '../../protocol/contract.ts';
import type { EngineMethod, EngineParams, EngineProgress, EngineResult } from '../../protocol/engine/engineApi.ts';
import type { WorkProgress } from '../../protocol/engine/source.ts';
import type { Workbench } from './workbench.ts';

/** Answers one request; each file of `requests/` exports one as `handle`. */
export type RequestHandler<M extends EngineMethod> = (
  workbench: Workbench,
  params: EngineParams<M>,
  call: EngineCall<M>,
) => Promise<EngineResult<M>>;

export type EngineCall<M extends EngineMethod> = Call<EngineProgress<M>>;

/** Why a request is cancelled when nobody asked for that: its caller is gone. */
export const engineEnds = 'the engine ends';

/** Tells a request's caller how far the work is that it waits for. */
export function watchFor({ signal, progress }: Call<WorkProgress>, message = 'preparing the base'): WorkWatch {
  return {
    signal,
    progress: (done, total) => progress({ kind: 'work', message, done, total }),
  };
}
