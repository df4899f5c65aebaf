import type { EngineParams, EngineProgress, EngineResult } from '../../protocol/engine/engineApi.ts';

/** What the server asks of an engine. */
type ServerMethod = 'complete' | 'describe' | 'tokenize';

/** The engine behind a server: that of a command, or an editor's. */
export interface ServerEngine {
  /** As the client's: what fails rejects with a WorkbenchError; aborting the signal gives the request up. */
  request<M extends ServerMethod>(
    method: M,
    params: EngineParams<M>,
    options: { signal?: AbortSignal; onProgress?(progress: EngineProgress<M>): void },
  ): Promise<EngineResult<M>>;
}
