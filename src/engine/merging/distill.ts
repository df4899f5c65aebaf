import { type Base, graphConfig } from '../../experiment/base.ts';
import type { Adapter, LoraFactors } from '../../nn/lora/adapter.ts';
import { compressed, spectraOf } from '../../nn/merge/compress.ts';
import { buildDistillGraph, studentGroup } from '../../nn/merge/distillGraph.ts';
import type { FitSettings } from '../../nn/merge/fitLoop.ts';
import { plainConfig } from '../../nn/merge/merge.ts';
import { checkFactorsAlone } from '../../nn/merge/mergeError.ts';
import { stackFactors } from '../../nn/merge/stackedFactors.ts';
import { factorName } from '../../nn/train/trainGraph.ts';
import type { MergeFit } from '../../protocol/mergeFit.ts';
import { type FitRunOptions, fitOf, fitParameters, ownedExamples, type ParameterFit } from './fitParameters.ts';
import { type FittedPart, fitRegmean, type RegmeanOptions } from './fitRegmean.ts';

export interface DistillOptions extends Pick<RegmeanOptions, 'base' | 'parts' | 'shrinkage'> {
  rank: number;
  steps: number;
  /** Examples of each expert that the start is fitted to. */
  firstExamples: number;
  /** Of the order of the examples. */
  seed: number;
}

const settings = {
  learningRate: 2e-3,
  schedule: 'cosine',
  warmup: 0.03,
  finalRate: 0.05,
  batchSize: 16,
  weightDecay: 0,
  beta1: 0.9,
  beta2: 0.999,
  epsilon: 1e-8,
  maxNorm: 1,
} as const satisfies Omit<FitSettings, 'steps'>;

/** What the labels' cross entropy counts beside the divergence from the experts. */
const labelShare = 1;

/**
 * Trains one adapter of a rank so that on each expert's examples its next token is distributed as that expert's. It begins with
 * RegMean, cut down by singular values. On the CPU; the same seed gives the same bits, whether it was stopped or not.
 *
 * @throws WorkbenchError as `fitRegmean`, and `runtime` where the loss diverges
 */
export async function distill(o: DistillOptions, run: FitRunOptions): Promise<{ adapter: Adapter; fit: MergeFit }> {
  const started = performance.now();
  const { base, parts } = o;
  const student = studentShape(parts, o.rank);
  const fit = distilledFit(o);
  const { parameters, losses } = await fitParameters(fit, run);
  const modules = studentModules(base, student, parameters);
  const adapter = { name: 'merged', config: plainConfig(modules, parts), modules };
  return { adapter, fit: { ...fitOf(fit, losses), seconds: (performance.now() - started) / 1000 } };
}

/** What the start is fitted to. */
export function firstParts({ parts, firstExamples }: DistillOptions): FittedPart[] {
  return parts.map(part => ({ ...part, examples: part.examples.slice(0, firstExamples) }));
}

/** What is fitted: a student that begins with RegMean, cut down. Throws `unsupported` for adapters that are more than factors. */
export function distilledFit(o: DistillOptions): ParameterFit {
  const { base, parts, steps, seed, rank, shrinkage } = o;
  checkFactorsAlone(parts);
  const student = studentShape(parts, rank);
  const options = {
    config: graphConfig(base),
    tensors: base.tensors,
    layers: stackFactors(parts.map(({ adapter }) => adapter)),
    experts: parts.length,
    student,
    labelShare,
  };
  const first = firstParts(o);
  return {
    base,
    graph: buildDistillGraph(options),
    group: studentGroup(base.config, student),
    start: {
      async parameters({ threads, watch }) {
        const { adapter } = await fitRegmean({ base, parts: first, shrinkage, threads, watch });
        return flatFactors(base, compressed(adapter, spectraOf(adapter), { rank }));
      },
      settings: { shrinkage },
      examples: first.flatMap(({ examples }) => examples),
    },
    examples: ownedExamples(parts),
    experts: parts.length,
    settings: { ...settings, steps },
    seed,
  };
}

/** A student of zeros: of each layer the rank, or the sum of the experts' or a side of the layer where that is smaller. */
function studentShape(parts: FittedPart[], rank: number): Adapter {
  const matrix = (rows: number, cols: number) => ({ rows, cols, data: new Float32Array(rows * cols) });
  const modules = [...stackFactors(parts.map(({ adapter }) => adapter))].map(([path, { A, B }]) => {
    const own = Math.min(rank, A.rows, A.cols, B.rows);
    return [path, { A: matrix(own, A.cols), B: matrix(B.rows, own), scaling: 1 }] as const;
  });
  return { name: 'student', config: parts[0]!.adapter.config, modules: new Map(modules) };
}

/** An adapter's factors as the student's flat vector [P]. */
export function flatFactors({ config }: Pick<Base, 'config'>, adapter: Adapter): Float32Array {
  const named = new Map(
    [...adapter.modules].flatMap(([path, { A, B, scaling }]) => [
      [factorName(path, 'A'), A.data] as const,
      [factorName(path, 'B'), B.data.map(x => x * scaling)] as const,
    ]),
  );
  return Float32Array.from(studentGroup(config, adapter).tensors.flatMap(({ name }) => [...named.get(name)!]));
}

function studentModules({ config }: Base, student: Adapter, flat: Float32Array): Map<string, LoraFactors> {
  const pieces = new Map<string, Float32Array>();
  let at = 0;
  for (const { name, shape } of studentGroup(config, student).tensors)
    pieces.set(name, flat.slice(at, (at += shape[0]! * shape[1]!)));
  return new Map(
    [...student.modules].map(([path, { A, B }]) => {
      const data = (factor: 'A' | 'B') => pieces.get(factorName(path, factor))!;
      return [path, { A: { ...A, data: data('A') }, B: { ...B, data: data('B') }, scaling: 1 }];
    }),
  );
}
