import type { EngineNotifications } from '../../protocol/engine/engineApi.ts';
import type { QuantizeWatch } from '../runtime/quantizedBase.ts';

/** Why a request is cancelled when nobody asked for that: its caller is gone. */
export const engineEnds = 'the engine ends';

/** What a handler may use besides its parameters: to see that its caller gave up, and to tell how far it is. */
export interface RequestContext {
  signal: AbortSignal;
  notify<N extends keyof EngineNotifications>(name: N, params: EngineNotifications[N]): void;
}

/** Tells a request's caller how far the copy is that it waits for. */
export function watchFor(id: string, { signal, notify }: RequestContext): QuantizeWatch {
  const message = 'quantising the base';
  return { signal, progress: (done, total) => notify('progress', { id, message, done, total }) };
}
