import { listSupportedBackends, InferenceSession, Tensor } from 'onnxruntime-node';
import { encodeModel } from '../core/graph/encodeModel.ts';
import type { Graph } from '../core/graph/graph.ts';
import { WorkbenchError } from '../shared/errors.ts';

/** The only file that knows onnxruntime-node. */

export type Feeds = Record<string, Tensor>;

export interface SessionOptions {
  /** Folder that holds the files named by the graph's external constants. */
  folder?: string;
  threads: number;
}

/** A compiled graph. Runs block this process's JavaScript thread until they are done. */
export interface Session {
  run(feeds: Feeds, fetches?: Feeds): Promise<Feeds>;
  dispose(): Promise<void>;
}

/** Compiles a graph. Throws `runtime` with the runtime's own words when it is refused. */
export async function createSession(graph: Graph, { folder, threads }: SessionOptions): Promise<Session> {
  const session = await InferenceSession.create(encodeModel(graph), {
    logSeverityLevel: 3,
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    executionProviders: ['cpu'],
    graphOptimizationLevel: 'all',
    extra: { session: { set_denormal_as_zero: '1', ...(folder && { model_external_initializers_file_folder_path: folder }) } },
  }).catch(error => {
    throw runtimeError('could not compile the graph', error);
  });
  const outputs = graph.outputs.map(o => o.name);
  return {
    async run(feeds, fetches) {
      try {
        return (await session.run(feeds, fetches ? { ...Object.fromEntries(outputs.map(o => [o, null])), ...fetches } : outputs)) as Feeds;
      } catch (error) {
        throw runtimeError('could not run the graph', error);
      }
    },
    dispose: () => session.release(),
  };
}

function runtimeError(what: string, error: unknown): WorkbenchError {
  return new WorkbenchError('runtime', `onnxruntime ${what}: ${(error as Error).message}`);
}

export const floats = (data: Float32Array, shape: number[]): Tensor => new Tensor('float32', data, shape);
export const int64s = (data: ArrayLike<number>, shape: number[]): Tensor =>
  new Tensor('int64', BigInt64Array.from(data as number[], BigInt), shape);
export const int32s = (data: Int32Array, shape: number[]): Tensor => new Tensor('int32', data, shape);
export const readFloats = (t: Tensor): Float32Array => t.data as Float32Array;

/** Execution providers of this build of the runtime. */
export function runtimeBackends(): { name: string; bundled: boolean }[] {
  return listSupportedBackends();
}
