import { type Base, graphConfig } from '../../experiment/base.ts';
import type { Adapter, LoraFactors } from '../../nn/lora/adapter.ts';
import type { FitSettings } from '../../nn/merge/fitLoop.ts';
import { plainConfig } from '../../nn/merge/merge.ts';
import { checkFactorsAlone } from '../../nn/merge/mergeError.ts';
import { type StackedFactors, stackFactors } from '../../nn/merge/stackedFactors.ts';
import {
  buildWeightGraph,
  type WeightsPer,
  weightGroup,
  weightPlaces,
  weightStarts,
} from '../../nn/merge/weightGraph.ts';
import { stepCount } from '../../nn/train/schedule.ts';
import { groupSize } from '../../nn/train/trainGraph.ts';
import type { MergeFit } from '../../protocol/mergeFit.ts';
import { type FitRunOptions, fitOf, fitParameters, ownedExamples, type ParameterFit } from './fitParameters.ts';
import type { RegmeanOptions } from './fitRegmean.ts';

export interface LearnedOptions extends Pick<RegmeanOptions, 'base' | 'parts'> {
  per: WeightsPer;
  /** Passes over the examples. */
  epochs: number;
  /** Of the order of the examples. */
  seed: number;
}

/** Every weight begins at a half: the best single factor for the sum of the embedded base's three experts. */
const firstWeight = 0.5;
const settings = {
  learningRate: 0.05,
  schedule: 'cosine',
  warmup: 0,
  finalRate: 0,
  batchSize: 16,
  weightDecay: 0,
  beta1: 0.9,
  beta2: 0.999,
  epsilon: 1e-8,
  maxNorm: 0,
} as const satisfies Omit<FitSettings, 'steps'>;

/**
 * Learns one weight for each layer and direction of the experts' ranks, each layer and expert, or each expert, by the cross entropy
 * of the experts' own answers; base and factors stay as they are. Weights may become negative. The result is exact: the weights go
 * into B. On the CPU; the same seed gives the same bits, whether it was stopped or not.
 *
 * @throws WorkbenchError `unsupported` for adapters that are more than factors, `runtime` where the loss diverges, and the
 *   reason of `watch` when it aborts
 */
export async function learnWeights(
  o: LearnedOptions,
  run: FitRunOptions,
): Promise<{ adapter: Adapter; fit: MergeFit }> {
  const started = performance.now();
  const { base, parts, per } = o;
  const fit = learnedFit(o);
  const { parameters, losses } = await fitParameters(fit, run);
  const modules = weightedModules(base, fit.layers, per, parameters);
  const adapter = { name: 'merged', config: plainConfig(modules, parts), modules };
  return { adapter, fit: { ...fitOf(fit, losses), seconds: (performance.now() - started) / 1000 } };
}

/** What is fitted, and the stacked factors that the weights are of. Throws `unsupported` for adapters that are more than factors. */
export function learnedFit(o: LearnedOptions): ParameterFit & { layers: ReadonlyMap<string, StackedFactors> } {
  const { base, parts, per, seed } = o;
  checkFactorsAlone(parts);
  const layers = stackFactors(parts.map(({ adapter }) => adapter));
  const options = { config: graphConfig(base), tensors: base.tensors, layers, per, losses: parts.length };
  const group = weightGroup(options);
  const examples = ownedExamples(parts);
  const steps = stepCount({ ...settings, accumulation: 1, epochs: o.epochs }, examples.length);
  return {
    base,
    graph: buildWeightGraph(options),
    group,
    start: {
      parameters: async () => new Float32Array(groupSize(group)).fill(firstWeight),
      settings: { firstWeight },
      examples: [],
    },
    examples,
    experts: parts.length,
    settings: { ...settings, steps },
    seed,
    layers,
  };
}

/** The stacked factors with the weights in B. */
function weightedModules(
  { config }: Base,
  layers: ReadonlyMap<string, StackedFactors>,
  per: WeightsPer,
  weights: Float32Array,
): Map<string, LoraFactors> {
  const entries = [...weightStarts({ config, layers, per })].map(([path, start]) => {
    const own = layers.get(path)!;
    const places = weightPlaces(own, per);
    const values = weights.subarray(start);
    const data = own.B.data.map((x, i) => x * values[places[i % own.B.cols]!]!);
    return [path, { A: own.A, B: { ...own.B, data }, scaling: 1 }] as const;
  });
  return new Map(entries);
}
