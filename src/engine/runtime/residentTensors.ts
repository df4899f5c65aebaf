import { WorkbenchError } from '../../protocol/errors.ts';

/** GPU tensors that a session has computed and nobody has freed. */
export type Produced<Tensor> = Set<Tensor>;

/**
 * Tensors that have a counterpart in a GPU's memory. Callers hold and swap the tensors that they made, whose own numbers are
 * out of date: graph executions read and write the counterparts alone.
 */
export function createResidentTensors<Tensor extends { dispose(): void }>() {
  const counterparts = new WeakMap<Tensor, Tensor>();
  const producers = new WeakMap<Tensor, Produced<Tensor>>();
  const free = (gpu: Tensor) => {
    if (producers.get(gpu)?.delete(gpu)) gpu.dispose();
  };
  /** A tensor nobody holds any more takes its counterpart with it. */
  const registry = new FinalizationRegistry<Tensor>(free);
  const isOnGpu = (tensor: Tensor) => producers.has(tensor);
  const known = (tensor: Tensor) => (isOnGpu(tensor) ? tensor : counterparts.get(tensor));

  /** Frees the counterpart of a tensor, or a tensor that is on the GPU itself. */
  function dropCounterpart(tensor: Tensor): void {
    const gpu = known(tensor);
    if (!gpu) return;
    counterparts.delete(tensor);
    registry.unregister(gpu);
    free(gpu);
  }

  return {
    isOnGpu,
    dropCounterpart,

    /** Notes the session that a tensor in the GPU's memory came from. */
    noteProducer(gpu: Tensor, produced: Produced<Tensor>): void {
      producers.set(gpu, produced);
      produced.add(gpu);
    },

    /** The GPU's tensor for one that is fed to a graph; undefined where there is none yet. Throws `runtime` if it is gone. */
    counterpartOf(tensor: Tensor): Tensor | undefined {
      const gpu = known(tensor);
      if (gpu && !producers.get(gpu)!.has(gpu))
        throw new WorkbenchError('runtime', 'a tensor in GPU memory was freed before it was read');
      return gpu;
    },

    /** `gpu` is what `tensor` stands for from now on; the counterpart it had is freed. */
    setCounterpart(tensor: Tensor, gpu: Tensor): void {
      dropCounterpart(tensor);
      counterparts.set(tensor, gpu);
      registry.register(tensor, gpu, gpu);
    },

    /** Frees what a session has computed. To be called before the session is released: afterwards it ends the process. */
    freeAll(produced: Produced<Tensor>): void {
      for (const gpu of produced) free(gpu);
    },
  };
}
