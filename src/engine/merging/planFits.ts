import { type Base, graphConfig } from '../../experiment/base.ts';
import type { Experiment } from '../../experiment/experiment.ts';
import type { Graph } from '../../nn/graph/graph.ts';
import { cholesky } from '../../nn/linalg/cholesky.ts';
import type { Adapter } from '../../nn/lora/adapter.ts';
import { hashName } from '../../nn/lora/initFactors.ts';
import { constantMemory } from '../../nn/memory/graphMemory.ts';
import { matrixOperations } from '../../nn/memory/matrixOperations.ts';
import { plannedCodes } from '../../nn/memory/plannedTensors.ts';
import type { Sizes } from '../../nn/memory/sizes.ts';
import { fitShapes } from '../../nn/merge/fitLoop.ts';
import { buildGramGraph } from '../../nn/merge/gramGraph.ts';
import { type LinearGroup, linearGroups } from '../../nn/model/layout.ts';
import { beginsHalf } from '../../nn/model/tokenGating.ts';
import { Random } from '../../nn/tensor/random.ts';
import { expertGroup, groupSize } from '../../nn/train/trainGraph.ts';
import type { PlannedFit } from '../../protocol/engine/training.ts';
import { WorkbenchError } from '../../protocol/errors.ts';
import { type FittedMethod, isFitted } from '../../protocol/mergeMethod.ts';
import { fittedMergeProblem } from '../../recipe/checkRecipe.ts';
import { fittedExamples, type MergeSettings } from '../../recipe/schema.ts';
import { mergeWeightsOf } from '../../recipe/settings.ts';
import { int8Support } from '../runtime/int8Support.ts';
import { executionSeconds } from '../training/plannedTime.ts';
import { processBytes } from '../training/planTraining.ts';
import type { PreparedExpert } from '../training/prepareExpert.ts';
import { trainedAdapter } from '../training/trainedAdapter.ts';
import { trainedExpert } from '../training/trainedExpert.ts';
import { distilledFit, firstParts } from './distill.ts';
import { fitMemory } from './fitMemory.ts';
import { fitArithmetic, fitOptions } from './fitMerge.ts';
import { type ParameterFit, parameterMemory } from './fitParameters.ts';
import { type FittedPart, regmeanPasses } from './fitRegmean.ts';
import { learnedFit } from './learnWeights.ts';
import { batchesOf, passesOf } from './readInputs.ts';

/** What a fit takes: seconds, and bytes beside the process. */
interface Cost {
  seconds: number;
  bytes: number;
}

/** Operations a second: of the runtime in a large product, in F32 and in 8 bits, and of this process in F64. */
interface Rates {
  matMul: number;
  int8: number;
  own: number;
}

/**
 * What the merges of a recipe that are fitted to the data of these experts will take, on the CPU. Adapters need not be
 * trained: graphs are built with the shapes that the recipe gives them.
 */
export async function planFits(
  experiment: Experiment,
  base: Base,
  prepared: PreparedExpert[],
  { matMul, threads, cacheFolder }: { matMul: number; threads: number; cacheFolder: string },
): Promise<PlannedFit[]> {
  const { recipe } = experiment;
  const fitted = Object.entries(recipe.merges).flatMap(([name, { method, ...options }]) => {
    const weights = mergeWeightsOf(recipe, name);
    const isPlanned = Object.keys(weights).every(expert => prepared.some(({ job }) => job.name === expert));
    if (!isFitted(method) || !isPlanned || fittedMergeProblem(recipe, weights)) return [];
    return [{ name, method, options: { ...options, method }, weights }];
  });
  if (fitted.length === 0) return [];
  const rates = { matMul, int8: (await int8Support(threads)).rate, own: ownRate() };
  const plan = async ({ name, method, options, weights }: (typeof fitted)[number]): Promise<PlannedFit> => {
    const count = options.examples ?? fittedExamples[method];
    const parts = prepared.flatMap((expert): FittedPart[] => {
      const weight = weights[expert.job.name] ?? 0;
      if (weight === 0) return [];
      return [{ adapter: untrained(base, expert), weight, examples: someOf(expert, count, recipe.seed) }];
    });
    const examples = parts.reduce((sum, part) => sum + part.examples.length, 0);
    try {
      const arithmetic = await fitArithmetic(experiment, base, parts, { threads, cacheFolder });
      const read = arithmetic === 'int8' ? { ...base, tensors: plannedCodes(base) } : base;
      const { seconds, bytes } = costOf(method, options, read, parts, rates, recipe.seed);
      return { name, method, examples, seconds, totalBytes: processBytes + readBytes(parts) + bytes };
    } catch (error) {
      // What cannot be merged into an adapter is a matter of this merge alone.
      if (!(error instanceof WorkbenchError)) throw error;
      return { name, method, examples, problem: error.message };
    }
  };
  return Promise.all(fitted.map(plan));
}

/** What the gates of tokens will take, where a recipe routes tokens by gates that are fitted: two passes over the texts. */
export function planGates(
  { recipe }: Experiment,
  base: Base,
  prepared: PreparedExpert[],
  matMul: number,
): PlannedFit[] {
  const { router } = recipe;
  const isWhole = Object.keys(recipe.experts).every(expert => prepared.some(({ job }) => job.name === expert));
  if (router.kind !== 'tokens' || !isWhole) return [];
  const parts = prepared.map((expert): FittedPart => {
    return { adapter: untrained(base, expert), weight: 1, examples: someOf(expert, router.examples, recipe.seed) };
  });
  const groups = linearGroups(base.config).filter(beginsHalf);
  const reading = {
    paths: new Set(parts.flatMap(({ adapter }) => [...adapter.modules.keys()])),
    passes: passesOf(groups),
    gated: { experts: parts.length },
  };
  const { seconds, bytes } = readingCost(base, parts, reading, { matMul, int8: 0 });
  const solving = groups.reduce((sum, group) => sum + group.in ** 3 / 3, 0) / ownRate();
  const examples = parts.reduce((sum, part) => sum + part.examples.length, 0);
  const totalBytes = processBytes + readBytes(parts) + bytes;
  return [{ name: 'router', method: 'gates of tokens', examples, seconds: 2 * (seconds + solving), totalBytes }];
}

/** What reading experts and their data leaves in the heaps of JavaScript and the C library: measured 35 to 50 MB. */
const readingLeaves = 40e6;

/** Bytes of what a merge reads before it is fitted, and of the adapter that it ends with, which has the ranks of all. */
function readBytes(parts: readonly FittedPart[]): number {
  const numbers = parts.flatMap(({ adapter }) =>
    [...adapter.modules.values()].map(({ A, B }) => A.data.length + B.data.length),
  );
  return readingLeaves + 2 * 4 * numbers.reduce((sum, count) => sum + count, 0);
}

function costOf(
  method: FittedMethod,
  options: MergeSettings,
  base: Base,
  parts: FittedPart[],
  rates: Rates,
  seed: number,
): Cost {
  const fit = fitOptions(options, base, parts, seed);
  switch (method) {
    case 'regmean':
      return regmeanCost(base, parts, rates);
    case 'learned':
      return stepsCost(learnedFit(fit), rates);
    case 'distilled': {
      const first = regmeanCost(base, firstParts(fit), rates);
      const then = stepsCost(distilledFit(fit), rates);
      return { seconds: first.seconds + then.seconds, bytes: Math.max(first.bytes, then.bytes) };
    }
  }
}

/** Steps over the batches of an epoch, again and again. */
function stepsCost(fit: ParameterFit, rates: Rates): Cost {
  const { base, settings, examples, experts, seed, graph } = fit;
  const shapes = fitShapes(examples, experts, settings, seed);
  const ofEpoch = executionsCost(base, graph, shapes, rates);
  const seconds = (ofEpoch / shapes.length) * settings.steps;
  return { seconds, bytes: parameterMemory(fit) };
}

/** Seconds of executions of a graph with these shapes. */
function executionsCost(
  { config: { dim: width } }: Base,
  graph: Graph,
  shapes: readonly Sizes[],
  rates: Pick<Rates, 'matMul' | 'int8'>,
): number {
  const weights = constantMemory(graph);
  const [all, integers] = (['all', 'integers'] as const).map(which => {
    const operations = matrixOperations(graph, which);
    return shapes.reduce((sum, shape) => sum + operations(shape), 0);
  }) as [number, number];
  const operations = all - integers;
  return executionSeconds({ count: shapes.length, operations, integers, weights, width }, rates, 'cpu');
}

/** Bytes of Gram matrices for each number: sums in F64, and results in F32 of which two are in memory. */
const gramBytes = 8 + 2 * 4;

function regmeanCost(base: Base, parts: FittedPart[], rates: Rates): Cost {
  const { paths, passes } = regmeanPasses({ base, parts });
  const reading = readingCost(base, parts, { paths, passes }, rates);
  const solving = passes.flat().reduce((sum, group) => {
    const ranks = group.layers.map(({ path }) => ranksIn(parts, path));
    // A Cholesky factor; of each layer its rows solved, and multiplied twice to tell the error.
    return sum + group.in ** 3 / 3 + ranks.reduce((all, rank) => all + 6 * rank * group.in ** 2, 0);
  }, 0);
  return { seconds: reading.seconds + solving / rates.own, bytes: reading.bytes };
}

/** Reading the inputs of layers, as `readInputs` does. */
function readingCost(
  base: Base,
  parts: FittedPart[],
  { paths, passes, gated }: { paths: ReadonlySet<string>; passes: LinearGroup[][]; gated?: { experts: number } },
  rates: Pick<Rates, 'matMul' | 'int8'>,
): Cost {
  const cost: Cost = { seconds: 0, bytes: 0 };
  for (const pass of passes) {
    const graph = buildGramGraph(graphConfig(base), base.tensors, paths, pass, {
      beside: gated ? 'sum' : 'cross',
      gated,
    });
    const shapes = parts.flatMap(({ adapter, examples }) => {
      const rankOf = (path: string) => (gated ? ranksIn(parts, path) : (adapter.modules.get(path)?.A.rows ?? 1));
      const ranks = [...paths].map(path => [`rank.${path}`, rankOf(path)] as const);
      return batchesOf(examples).map(({ rows: B, length: T, tokens }) => {
        return { B, T, M: 0, V: tokens, tokens, ...Object.fromEntries(ranks) };
      });
    });
    const grams = pass.reduce((sum, group) => sum + gramBytes * group.in ** 2, 0);
    cost.seconds += executionsCost(base, graph, shapes, rates);
    cost.bytes = Math.max(cost.bytes, fitMemory(base, graph, shapes, 0) + grams);
  }
  return cost;
}

function ranksIn(parts: FittedPart[], path: string): number {
  return parts.reduce((sum, { adapter }) => sum + (adapter.modules.get(path)?.A.rows ?? 0), 0);
}

/** An expert's adapter in its shape, all zeros. */
function untrained(base: Base, { job: { name }, lora, targets }: PreparedExpert): Adapter {
  const size = groupSize(expertGroup(base.config, trainedExpert(name, lora, targets)));
  return trainedAdapter(base, { name, lora, targets }, new Float32Array(size));
}

/** As many as the merge will draw: not the same ones, but as long. */
function someOf({ job: { name, train } }: PreparedExpert, count: number, seed: number) {
  return new Random((seed ^ hashName(name)) >>> 0).shuffle([...train]).slice(0, count);
}

/** Rows of the matrix that is factored to see how fast this process computes: some 20 ms. */
const measured = 400;

/** Floating-point operations a second of this process in F64, measured now. */
function ownRate(): number {
  const matrix = () => {
    const s = new Float64Array(measured ** 2).fill(0.5);
    for (let i = 0; i < measured; i++) s[i * measured + i] = measured;
    return s;
  };
  let fastest = Number.POSITIVE_INFINITY;
  // The first time compiles it.
  for (let run = 0; run < 3; run++) {
    const s = matrix();
    const started = performance.now();
    cholesky(s, measured);
    fastest = Math.min(fastest, performance.now() - started);
  }
  return measured ** 3 / 3 / (fastest / 1000);
}
