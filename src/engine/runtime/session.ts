import { realpath } from 'node:fs/promises';
import { dirname, relative, resolve, sep } from 'node:path';
import type { InferenceSession, Tensor } from 'onnxruntime-node';
import { encodeModel } from '../../nn/graph/encodeModel.ts';
import { Graph } from '../../nn/graph/graph.ts';
import { lowerForWebGpu } from '../../nn/graph/lowerForWebGpu.ts';
import type { Device } from '../../protocol/device.ts';
import { WorkbenchError } from '../../protocol/errors.ts';
import { noTelemetry } from '../../protocol/noTelemetry.ts';
import { createResidentTensors, type Produced } from './residentTensors.ts';

/** The only file that knows onnxruntime-node. */

// Whoever started this process may not have said so. Imports are evaluated before anything else in a file: hence this one.
Object.assign(process.env, noTelemetry);
const runtime = await import('onnxruntime-node');

export type Feeds = Record<string, Tensor>;

const { counterpartOf, dropCounterpart, freeAll, isOnGpu, noteProducer, setCounterpart } =
  createResidentTensors<Tensor>();

export interface SessionOptions {
  /** Folder that holds the files named by the graph's external constants. */
  folder?: string;
  threads: number;
  /** The CPU without it. */
  device?: Device;
  /**
   * Names of inputs whose tensors are fed again and again. They are copied to a GPU once, and an output NAME.out stays
   * there too. `readTensor` copies them back.
   */
  resident?: readonly string[];
  /**
   * Executions differ in shape: the runtime then makes no memory plan ahead, which it would make anew for every shape. For a
   * training step over 16 × 128 tokens of the embedded base, such plans took 816 MB in place of 497.
   */
  varyingShapes?: boolean;
  /** The runtime packs the weights of products: it copies them into the order that the processor likes best. On by default. */
  packsWeights?: boolean;
}

/** A compiled graph. An execution blocks this process's JavaScript thread until it is done. */
export interface Session {
  /** With `fetches` the tensors that results are written into; others are new. */
  run(feeds: Feeds, fetches?: Feeds): Promise<Feeds>;
  dispose(): Promise<void>;
}

/** Compiles a graph. Throws `runtime` with the runtime's own words when it is refused. */
export async function createSession(
  graph: Graph,
  { folder, threads, device = 'cpu', resident = [], varyingShapes = false, packsWeights = true }: SessionOptions,
): Promise<Session> {
  const external = await externalFiles(graph, folder);
  const outputs = graph.outputs.map(o => o.name);
  const kept = device === 'webgpu' ? outputs.filter(o => resident.some(name => o === `${name}.out`)) : [];
  const model = encodeModel(device === 'webgpu' ? lowered(graph) : graph, external.locate);
  const session = await runtime.InferenceSession.create(model, {
    logSeverityLevel: 3,
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    executionProviders: device === 'cpu' ? ['cpu'] : [device, 'cpu'],
    // DirectML refuses sessions that plan their memory.
    enableMemPattern: !(varyingShapes || device === 'dml'),
    graphOptimizationLevel: 'all',
    ...(kept.length > 0 && { preferredOutputLocation: Object.fromEntries(kept.map(o => [o, 'gpu-buffer'])) }),
    extra: {
      session: {
        set_denormal_as_zero: '1',
        disable_prepacking: packsWeights ? '0' : '1',
        ...(external.folder && { model_external_initializers_file_folder_path: external.folder }),
      },
    },
  }).catch(error => {
    throw runtimeError('could not compile the graph', error);
  });
  const produced: Produced<Tensor> = new Set();
  const run = async (feeds: Feeds, fetches: InferenceSession.FetchesType) => {
    try {
      const out = (await session.run(feeds, fetches)) as Feeds;
      for (const tensor of Object.values(out)) if (tensor.location !== 'cpu') noteProducer(tensor, produced);
      return out;
    } catch (error) {
      throw runtimeError('could not run the graph', error);
    }
  };
  return {
    async run(feeds, fetches) {
      if (device === 'webgpu') return runOnGpu(given => run(given, outputs), feeds, fetches, new Set(resident));
      return run(feeds, fetches ? { ...Object.fromEntries(outputs.map(o => [o, null])), ...fetches } : outputs);
    },
    async dispose() {
      freeAll(produced);
      await session.release();
    },
  };
}

/** An execution whose resident tensors are in the GPU's memory before and after it. */
async function runOnGpu(
  run: (feeds: Feeds) => Promise<Feeds>,
  feeds: Feeds,
  fetches: Feeds = {},
  resident: ReadonlySet<string>,
): Promise<Feeds> {
  const given: Feeds = {};
  for (const [name, tensor] of Object.entries(feeds))
    given[name] = counterpartOf(tensor) ?? (resident.has(name) && tensor.size > 0 ? await upload(tensor) : tensor);
  // A tensor that is only written needs no memory while the new result is computed.
  const read = new Set(Object.values(feeds));
  for (const tensor of Object.values(fetches)) if (!read.has(tensor)) dropCounterpart(tensor);
  const out = await run(given);
  for (const [name, tensor] of Object.entries(fetches)) {
    const result = out[name]!;
    if (isOnGpu(result)) setCounterpart(tensor, result);
    else (tensor.data as Float32Array).set(result.data as Float32Array);
    out[name] = tensor;
  }
  return out;
}

/** Graphs that only copy, for each number of dimensions, into the GPU's memory and out of it. */
const copies = new Map<string, Promise<Session>>();

function copySession(rank: number, resident: string[]): Promise<Session> {
  const key = `${rank} ${resident}`;
  const known = copies.get(key);
  if (known) return known;
  const g = new Graph();
  const shape = Array.from({ length: rank }, (_, i) => `d${i}`);
  g.output('copy.out', g.input('from', 'float32', shape));
  const session = createSession(g, { threads: 1, device: 'webgpu', resident });
  copies.set(key, session);
  // The next device that is opened tries again to compile what failed.
  session.catch(() => copies.delete(key));
  return session;
}

async function upload(tensor: Tensor): Promise<Tensor> {
  const session = await copySession(tensor.dims.length, ['copy']);
  const out = await session.run({ from: tensor });
  setCounterpart(tensor, out['copy.out']!);
  return out['copy.out']!;
}

/** The numbers of a tensor, wherever they are. */
export async function readTensor(tensor: Tensor): Promise<Float32Array> {
  const gpu = counterpartOf(tensor);
  if (!gpu) return readFloats(tensor);
  // Reading a GPU's tensor directly ends the process. As the result of an execution it arrives in the process's memory.
  const session = await copySession(gpu.dims.length, []);
  const out = await session.run({ from: gpu });
  return readFloats(out['copy.out']!);
}

/** Frees the GPU memory of tensors. */
export function releaseTensors(tensors: Feeds): void {
  for (const tensor of Object.values(tensors)) dropCounterpart(tensor);
}

/**
 * The real place of external constants. The runtime refuses links that lead out of its folder, and the Hugging Face cache is
 * made of such links: snapshots/ID/model.safetensors is a link to a file of blobs/.
 */
async function externalFiles(graph: Graph, folder = '') {
  const names = new Set(graph.initializers.flatMap(({ data }) => ('file' in data ? [data.file] : [])));
  const places = new Map<string, string>();
  for (const name of names) {
    const path = resolve(folder, name);
    // The runtime reports a missing file when it opens it.
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

/** Errors that are the runtime's own. */
const refusals = new WeakSet<object>();

/** Whether the runtime refused to compile or to execute a graph, which another device may accept. */
export function isRefusal(error: unknown): boolean {
  return refusals.has(error as object);
}

function lowered(graph: Graph): Graph {
  try {
    return lowerForWebGpu(graph);
  } catch (error) {
    throw runtimeError('cannot compute the graph', error);
  }
}

function runtimeError(what: string, error: unknown): WorkbenchError {
  const refusal = new WorkbenchError('runtime', `onnxruntime ${what}: ${(error as Error).message.trim()}`);
  refusals.add(refusal);
  return refusal;
}

export const floats = (data: Float32Array, shape: number[]): Tensor => new runtime.Tensor('float32', data, shape);
export const int64s = (data: ArrayLike<number>, shape: number[]): Tensor =>
  new runtime.Tensor('int64', BigInt64Array.from(data as number[], BigInt), shape);
export const int32s = (data: Int32Array, shape: number[]): Tensor => new runtime.Tensor('int32', data, shape);
export const readFloats = (t: Tensor): Float32Array => t.data as Float32Array;

/** Version of onnxruntime-node. */
export const runtimeVersion: string = runtime.env.versions.node ?? 'unknown';

/** Execution providers of this build of the runtime. */
export function runtimeBackends(): { name: string; bundled: boolean }[] {
  return runtime.listSupportedBackends();
}
