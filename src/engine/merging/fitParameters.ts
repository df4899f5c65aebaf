import type { WorkWatch } from '../../experiment/workWatch.ts';
import { type FitSettings, fitLoop, fitShapes, type OwnedExample } from '../../nn/merge/fitLoop.ts';
import type { EncodedExample } from '../../nn/train/assembleBatch.ts';
import { groupSize } from '../../nn/train/trainGraph.ts';
import type { MergeFit } from '../../protocol/mergeFit.ts';
import { giveWay } from '../runtime/precedence.ts';
import { type FitLoss, type FitPlace, fitFingerprint, readFit, writeFit } from './fitCheckpoint.ts';
import { checkFitMemory, fitMemory } from './fitMemory.ts';
import type { FittedPart, RegmeanOptions } from './fitRegmean.ts';
import { openParameterSession, type ParameterSessionOptions } from './parameterSession.ts';

/** What is fitted to what. */
export interface ParameterFit extends Pick<ParameterSessionOptions, 'base' | 'graph' | 'group'> {
  start: FitStart;
  examples: OwnedExample[];
  /** How many experts the examples are of. */
  experts: number;
  settings: FitSettings;
  /** Of the order of the examples. */
  seed: number;
}

/** What the parameters begin with: not computed where the fit goes on. */
interface FitStart {
  /** [P] */
  parameters(run: { threads: number; watch: WorkWatch }): Promise<Float32Array>;
  /** All that these follow from, besides base and adapters. */
  settings: Record<string, number>;
  examples: EncodedExample[];
}

/** What holds for every fit that takes steps. */
export interface FitRunOptions extends Pick<RegmeanOptions, 'watch' | 'threads'> {
  /** Of what is fitted before the first step. */
  startWatch?: WorkWatch;
  /** Bytes that the process may take; what is free without it. */
  memoryLimit?: number;
  /** Where the fit goes on from, and where it leaves what it has done when it is stopped. */
  place?: FitPlace;
}

/** Milliseconds between checkpoints: what is lost where the process is killed. */
const checkpointPause = 30_000;

/**
 * Fits one group of parameters [P] to the examples, and gives them with what was minimised, in nats a token, at the first step
 * and over the last tenth of them. A fit that was stopped goes on from its checkpoint to the same bits.
 *
 * @throws WorkbenchError `outOfMemory` before anything is compiled, `runtime` where the loss diverges, and the reason of `watch`
 *   when it aborts, a checkpoint written
 */
export async function fitParameters(
  fit: ParameterFit,
  { watch, startWatch = { signal: watch.signal }, threads, memoryLimit, place }: FitRunOptions,
): Promise<{ parameters: Float32Array; losses: FitLoss[] }> {
  const { examples, experts, settings, seed } = fit;
  const { steps } = settings;
  checkFitMemory(parameterMemory(fit), memoryLimit, 'fitting the merge', 'merge by regmean, which takes less.');
  const fingerprint = place ? fitFingerprint(place.of, fit) : '';
  const from = place && (await readFit(place.path, fingerprint));
  const start = from?.state.parameter ?? (await fit.start.parameters({ threads, watch: startWatch }));
  const session = await openParameterSession({ ...fit, threads, start, moments: from?.state });
  const losses = from?.losses ?? [];
  const save = async (step: number) => {
    if (place) await writeFit(place.path, fingerprint, fit, { step, losses, state: session.state() });
  };
  let saved = performance.now();
  try {
    const step = async (...args: Parameters<typeof session.step>) => (await session.step(...args)).losses;
    for await (const event of fitLoop(examples, experts, settings, seed, step, from?.step)) {
      const at = { step: event.step, loss: event.losses.reduce((a, b) => a + b, 0) };
      if (at.step === 1 || at.step > steps - lastTenth(steps)) losses.push(at);
      watch.progress?.(at.step, steps);
      await giveWay();
      const isStopped = watch.signal?.aborted === true;
      if (!(isStopped || at.step === steps || performance.now() - saved > checkpointPause)) continue;
      await save(at.step);
      saved = performance.now();
      watch.signal?.throwIfAborted();
    }
    return { parameters: session.state().parameter.slice(), losses };
  } finally {
    await session.dispose();
  }
}

/** Bytes that a fit takes beside the process. */
export function parameterMemory({ base, graph, examples, experts, settings, seed, group }: ParameterFit): number {
  return fitMemory(base, graph, fitShapes(examples, experts, settings, seed), groupSize(group));
}

const lastTenth = (steps: number) => Math.ceil(steps / 10);

/** The examples of all experts; of one that counts less than another a smaller share. */
export function ownedExamples(parts: FittedPart[]): OwnedExample[] {
  const most = Math.max(...parts.map(({ weight }) => weight));
  return parts.flatMap(({ examples, weight }, expert) => {
    const count = Math.max(1, Math.round((examples.length * weight) / most));
    return examples.slice(0, count).map(example => ({ example, expert }));
  });
}

/** What is told of a fit: its first loss, and the mean over the last tenth of its steps. */
export function fitOf({ examples, settings: { steps } }: ParameterFit, losses: FitLoss[]): Omit<MergeFit, 'seconds'> {
  const last = losses.filter(({ step }) => step > steps - lastTenth(steps));
  return {
    texts: examples.length,
    tokens: examples.reduce((sum, { example }) => sum + example.ids.length, 0),
    firstLoss: losses[0]!.loss,
    loss: last.reduce((sum, { loss }) => sum + loss, 0) / last.length,
  };
}
