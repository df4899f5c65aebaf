import { type FitSettings, fitLoop, fitShapes, type OwnedExample } from '../../nn/merge/fitLoop.ts';
import { checkFitMemory, fitMemory } from './fitMemory.ts';
import type { RegmeanOptions } from './fitRegmean.ts';
import { openParameterSession, type ParameterSessionOptions } from './parameterSession.ts';

export interface FitParametersOptions extends ParameterSessionOptions, Pick<RegmeanOptions, 'watch'> {
  examples: OwnedExample[];
  /** How many experts the examples are of. */
  experts: number;
  settings: FitSettings;
  /** Of the order of the examples. */
  seed: number;
  /** Bytes that the process may take; what is free without it. */
  memoryLimit?: number;
}

/**
 * Fits one group of parameters [P] to the examples, and gives them with what was minimised at each step, in nats a token.
 *
 * @throws WorkbenchError `outOfMemory` before anything is compiled, `runtime` where the loss diverges, and the reason of `watch`
 *   when it aborts
 */
export async function fitParameters(o: FitParametersOptions): Promise<{ parameters: Float32Array; losses: number[] }> {
  const { examples, experts, settings, seed, watch } = o;
  const needed = fitMemory(o.base, o.graph, fitShapes(examples, experts, settings, seed), o.start.length);
  checkFitMemory(needed, o.memoryLimit, 'fitting the merge', 'merge by regmean, which takes less.');
  const session = await openParameterSession(o);
  try {
    const losses: number[] = [];
    const step = async (...args: Parameters<typeof session.step>) => (await session.step(...args)).losses;
    for await (const event of fitLoop(examples, experts, settings, seed, step)) {
      losses.push(event.losses.reduce((a, b) => a + b, 0));
      watch.progress?.(event.step, event.steps);
      // The runtime blocks the thread while it works. Here the process reads cancellations.
      await new Promise(resolve => setImmediate(resolve));
      watch.signal?.throwIfAborted();
    }
    return { parameters: session.parameters().slice(), losses };
  } finally {
    await session.dispose();
  }
}
