import { realpath } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import { env, InferenceSession, listSupportedBackends, Tensor } from 'onnxruntime-node';
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
  const external = await externalFiles(graph, folder);
  const session = await InferenceSession.create(encodeModel(graph, external.locate), {
    logSeverityLevel: 3,
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    executionProviders: ['cpu'],
    graphOptimizationLevel: 'all',
    extra: {
      session: {
        set_denormal_as_zero: '1',
        ...(external.folder && { model_external_initializers_file_folder_path: external.folder }),
      },
    },
  }).catch(error => {
    throw runtimeError('could not compile the graph', error);
  });
  const outputs = graph.outputs.map(o => o.name);
  return {
    async run(feeds, fetches) {
      try {
        return (await session.run(
          feeds,
          fetches ? { ...Object.fromEntries(outputs.map(o => [o, null])), ...fetches } : outputs,
        )) as Feeds;
      } catch (error) {
        throw runtimeError('could not run the graph', error);
      }
    },
    dispose: () => session.release(),
  };
}

/**
 * Where external constants really lie. The runtime refuses links that lead out of its folder, and those are what the
 * Hugging Face cache is made of: snapshots/ID/model.safetensors is a link to a file of blobs/.
 */
async function externalFiles(graph: Graph, folder = '') {
  const names = new Set(graph.initializers.flatMap(({ data }) => ('file' in data ? [data.file] : [])));
  const places = new Map<string, string>();
  for (const name of names) {
    const path = join(folder, name);
    // Of a file that is not there the runtime speaks when it opens it.
    places.set(name, await realpath(path).catch(() => path));
  }
  const [first] = places.values();
  if (first === undefined) return {};
  const within = (root: string) =>
    [...places.values()].every(p => p.startsWith(root.endsWith(sep) ? root : root + sep));
  let root = dirname(first);
  while (!within(root) && root !== dirname(root)) root = dirname(root);
  return { folder: root, locate: (file: string) => relative(root, places.get(file)!) };
}

function runtimeError(what: string, error: unknown): WorkbenchError {
  return new WorkbenchError('runtime', `onnxruntime ${what}: ${(error as Error).message}`);
}

export const floats = (data: Float32Array, shape: number[]): Tensor => new Tensor('float32', data, shape);
export const int64s = (data: ArrayLike<number>, shape: number[]): Tensor =>
  new Tensor('int64', BigInt64Array.from(data as number[], BigInt), shape);
export const int32s = (data: Int32Array, shape: number[]): Tensor => new Tensor('int32', data, shape);
export const readFloats = (t: Tensor): Float32Array => t.data as Float32Array;

/** Version of onnxruntime-node. */
export const runtimeVersion: string = env.versions.node ?? 'unknown';

/** Execution providers of this build of the runtime. */
export function runtimeBackends(): { name: string; bundled: boolean }[] {
  return listSupportedBackends();
}
