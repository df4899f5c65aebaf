import type { Experiment } from '../../experiment/experiment.ts';
import type { Weights } from '../../protocol/target.ts';
import type { RemoteEngine as EngineSettings } from '../../recipe/schema.ts';
import { type EngineKeys, engineKey } from './engineKey.ts';
import { type EngineServer, engineServer } from './engineServer.ts';
import { llamaServer } from './llamaServer.ts';
import { openaiServer } from './openaiServer.ts';

/** An engine elsewhere, ready to be asked. */
export interface RemoteEngine {
  /** As the recipe calls it. */
  name: string;
  kind: EngineSettings['kind'];
  server: EngineServer;
  /** Whether this machine answers where it is away. */
  fallback: boolean;
  /**
   * What a request's body says of who answers it; adapters that are not there yet are put there. Throws `notFound` with
   * what to do where that is not possible.
   */
  whoAnswers(weights: Weights, signal: AbortSignal): Promise<Record<string, unknown>>;
  /** Forgets what was put there, and gives true, where the server says that it does not know who is asked. */
  hasForgotten(error: unknown): boolean;
  /** Says whether it is there, in a sentence; throws where it is not. `experts` are those that have to be there. */
  look(experts: string[], signal: AbortSignal): Promise<string>;
}

/** Opens an engine that a recipe names. Nothing is sent to it yet. */
export function remoteEngine(
  experiment: Experiment,
  name: string,
  keys: EngineKeys | undefined,
  waits?: readonly number[],
): RemoteEngine {
  const settings = experiment.recipe.engines[name]!;
  const { url, timeout } = settings;
  const server = engineServer({ name, url, timeout, key: engineKey(url, keys), ...(waits && { waits }) });
  const engine = settings.kind === 'openai' ? openaiServer : llamaServer;
  return {
    name,
    kind: settings.kind,
    server,
    fallback: settings.fallback,
    ...engine(experiment, settings as never, server),
  };
}
