import type { Base } from '../../experiment/base.ts';
import type { WorkWatch } from '../../experiment/workWatch.ts';
import type { Adapter, LoraFactors } from '../../nn/lora/adapter.ts';
import { gramOutputs } from '../../nn/merge/gramGraph.ts';
import { plainConfig } from '../../nn/merge/merge.ts';
import { checkFactorsAlone, type WeightedAdapter } from '../../nn/merge/mergeError.ts';
import { type InputSums, type OutputSquares, type RegmeanTerm, regmeanLayers } from '../../nn/merge/regmean.ts';
import { type LinearGroup, linearGroups } from '../../nn/model/layout.ts';
import type { EncodedExample } from '../../nn/train/assembleBatch.ts';
import type { MergeFit } from '../../protocol/mergeFit.ts';
import { type Feeds, readFloats } from '../runtime/session.ts';
import { batchesOf, passesOf, readInputs } from './readInputs.ts';

/** An expert with some of the texts that it learned from. */
export interface FittedPart extends WeightedAdapter {
  examples: EncodedExample[];
}

export interface RegmeanOptions {
  base: Base;
  parts: FittedPart[];
  /** As in `regmeanLayers`. */
  shrinkage: number;
  threads: number;
  watch: WorkWatch;
}

/**
 * RegMean: each expert's texts are run through the base with that expert, so that its Gram matrices are those of the inputs
 * that its layers had at use, as in the paper (§3.1). On the CPU; the same texts give the same bits.
 *
 * @throws WorkbenchError `unsupported` for adapters that are more than factors, and the reason of `watch` when it aborts
 */
export async function fitRegmean(o: RegmeanOptions): Promise<{ adapter: Adapter; fit: MergeFit }> {
  const started = performance.now();
  const { parts } = o;
  const { paths, passes } = regmeanPasses(o);
  const batches = parts.map(({ examples }) => batchesOf(examples));
  const modules = new Map<string, LoraFactors>();
  const squares: OutputSquares = { outputs: 0, merged: 0, mean: 0 };
  let sums = new Map<LinearGroup, GroupSums>();
  await readInputs({ ...o, paths, passes, batches }, 'cross', {
    begin(pass) {
      sums = new Map(pass.map(group => [group, emptySums(group, parts)]));
    },
    batch(out, expert) {
      addSums(sums, out, expert, parts[expert]!.weight);
    },
    async end(pause) {
      for (const { inputs, layers } of sums.values()) {
        const solved = regmeanLayers(inputs, layers, o.shrinkage);
        for (const [path, factors] of solved.modules) modules.set(path, factors);
        for (const key of ['outputs', 'merged', 'mean'] as const) squares[key] += solved.squares[key];
        await pause();
      }
    },
  });
  const adapter = { name: 'merged', config: plainConfig(modules, parts), modules };
  const relative = (square: number) => (squares.outputs > 0 ? Math.sqrt(Math.max(0, square) / squares.outputs) : 0);
  const fit = {
    texts: parts.reduce((sum, { examples }) => sum + examples.length, 0),
    tokens: batches.flat().reduce((sum, { tokens }) => sum + tokens, 0),
    outputError: relative(squares.merged),
    meanOutputError: relative(squares.mean),
    seconds: (performance.now() - started) / 1000,
  };
  return { adapter, fit };
}

/** The layers that are merged, in the passes over the texts in which they are read. Throws `unsupported`. */
export function regmeanPasses({ base, parts }: Pick<RegmeanOptions, 'base' | 'parts'>): {
  paths: Set<string>;
  passes: LinearGroup[][];
} {
  checkFactorsAlone(parts);
  const paths = new Set(parts.flatMap(({ adapter }) => [...adapter.modules.keys()]));
  const groups = linearGroups(base.config).filter(group => group.layers.some(l => paths.has(l.path)));
  return { paths, passes: passesOf(groups) };
}

interface GroupSums {
  inputs: InputSums;
  layers: Map<string, RegmeanTerm[]>;
}

function emptySums(group: LinearGroup, parts: FittedPart[]): GroupSums {
  const n = group.in;
  const layers = new Map<string, RegmeanTerm[]>();
  for (const { path } of group.layers) {
    const terms = parts.flatMap(({ adapter }, expert) => {
      const factors = adapter.modules.get(path);
      return factors ? [{ expert, factors, cross: new Float64Array(factors.A.rows * n) }] : [];
    });
    if (terms.length > 0) layers.set(path, terms);
  }
  const inputs = {
    gram: new Float64Array(n * n),
    diagonals: parts.map(() => new Float64Array(n)),
    weights: parts.map(({ weight }) => weight),
  };
  return { inputs, layers };
}

/** Adds the Gram matrices of a batch of an expert's texts. */
function addSums(sums: ReadonlyMap<LinearGroup, GroupSums>, out: Feeds, expert: number, weight: number): void {
  for (const [group, { inputs, layers }] of sums) {
    const gram = readFloats(out[gramOutputs.gram(group)]!);
    const diagonal = inputs.diagonals[expert]!;
    for (let i = 0; i < gram.length; i++) inputs.gram[i]! += weight * gram[i]!;
    for (let i = 0; i < group.in; i++) diagonal[i]! += weight * gram[i * group.in + i]!;
    for (const [path, terms] of layers) {
      const own = terms.find(term => term.expert === expert)?.cross;
      const cross = own && readFloats(out[gramOutputs.cross(path)]!);
      if (cross) for (let i = 0; i < own.length; i++) own[i]! += weight * cross[i]!;
    }
  }
}
