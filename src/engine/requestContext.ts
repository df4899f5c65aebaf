import type { EngineNotifications } from '../shared/engineApi.ts';

/** Why a request is cancelled when nobody asked for that: its caller is gone. */
export const engineEnds = 'the engine ends';

/** What a handler may use besides its parameters: to see that its caller gave up, and to tell how far it is. */
export interface RequestContext {
  signal: AbortSignal;
  notify<N extends keyof EngineNotifications>(name: N, params: EngineNotifications[N]): void;
}
