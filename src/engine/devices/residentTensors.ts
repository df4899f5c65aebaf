import { WorkbenchError } from '../../shared/errors.ts';
import type { Feeds } from '../session.ts';

type Tensor = Feeds[string];

/** GPU tensors that a session has computed and nobody has freed. */
export type Produced = Set<Tensor>;

/**
 * Tensors that have a counterpart in a GPU's memory. Callers hold and swap the tensors they made; what those hold is out
 * of date, and only the counterpart is read and written by runs.
 */
const counterparts = new WeakMap<Tensor, Tensor>();
/** A tensor nobody holds any more takes its counterpart with it. */
const registry = new FinalizationRegistry<Tensor>(free);
const producers = new WeakMap<Tensor, Produced>();

export function isOnGpu(tensor: Tensor): boolean {
  return producers.has(tensor);
}

/** Notes the session that a tensor in the GPU's memory came from. */
export function noteProducer(gpu: Tensor, produced: Produced): void {
  producers.set(gpu, produced);
  produced.add(gpu);
}

/** The GPU's tensor for one that was given to a run; undefined where there is none yet. Throws `runtime` if it is gone. */
export function counterpartOf(tensor: Tensor): Tensor | undefined {
  const gpu = isOnGpu(tensor) ? tensor : counterparts.get(tensor);
  if (gpu && !producers.get(gpu)!.has(gpu))
    throw new WorkbenchError('runtime', 'a tensor in GPU memory was freed before it was read');
  return gpu;
}

/** `gpu` is what `tensor` stands for from now on; the counterpart it had is freed. */
export function setCounterpart(tensor: Tensor, gpu: Tensor): void {
  dropCounterpart(tensor);
  counterparts.set(tensor, gpu);
  registry.register(tensor, gpu, gpu);
}

/** Frees the counterpart of a tensor, or a tensor that is on the GPU itself. */
export function dropCounterpart(tensor: Tensor): void {
  const gpu = isOnGpu(tensor) ? tensor : counterparts.get(tensor);
  if (!gpu) return;
  counterparts.delete(tensor);
  registry.unregister(gpu);
  free(gpu);
}

/** Frees what a session has computed. It must come before the session's own end: later it ends the process. */
export function freeAll(produced: Produced): void {
  for (const gpu of produced) free(gpu);
}

function free(gpu: Tensor): void {
  if (producers.get(gpu)?.delete(gpu)) gpu.dispose();
}
