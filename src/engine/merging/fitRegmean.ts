import { type Base, graphConfig } from '../../experiment/base.ts';
import type { WorkWatch } from '../../experiment/workWatch.ts';
import type { Adapter, LoraFactors } from '../../nn/lora/adapter.ts';
import { buildGramGraph, gramInputs, gramOutputs } from '../../nn/merge/gramGraph.ts';
import { plainConfig } from '../../nn/merge/merge.ts';
import { checkFactorsAlone, type WeightedAdapter } from '../../nn/merge/mergeError.ts';
import { type InputSums, type OutputSquares, type RegmeanTerm, regmeanLayers } from '../../nn/merge/regmean.ts';
import { type LinearGroup, linearGroups, linearLayers } from '../../nn/model/layout.ts';
import { assembleBatch, type Batch, type EncodedExample } from '../../nn/train/assembleBatch.ts';
import type { MergeFit } from '../../protocol/engine/merging.ts';
import { createSession, type Feeds, floats, int64s, readFloats } from '../runtime/session.ts';
import { textFeeds } from '../training/trainBackend.ts';

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

/** Rows of a batch. */
const batchRows = 16;
/**
 * Bytes of Gram matrices that are summed up at a time, in F64 and as the runtime gives them: the texts are read again for
 * the layers beyond. The embedded base takes 50 MB.
 */
const bytesAtATime = 1e9;

/**
 * RegMean: each expert's texts are run through the base with that expert, so that its Gram matrices are those of the inputs
 * that its layers had at use, as in the paper (§3.1). On the CPU; the same texts give the same bits.
 *
 * @throws WorkbenchError `unsupported` for adapters that are more than factors, and the reason of `watch` when it aborts
 */
export async function fitRegmean(o: RegmeanOptions): Promise<{ adapter: Adapter; fit: MergeFit }> {
  const started = performance.now();
  const { base, parts } = o;
  const { paths, passes } = regmeanPasses(o);
  const batches = parts.map(({ examples }) => batchesOf(examples));
  const total = passes.length * parts.reduce((sum, { examples }) => sum + examples.length, 0);
  let done = 0;
  const advance = async (texts: number) => {
    done += texts;
    o.watch.progress?.(done, total);
    // The runtime blocks the thread while it works. Here the process reads cancellations.
    await new Promise(resolve => setImmediate(resolve));
    o.watch.signal?.throwIfAborted();
  };
  const modules = new Map<string, LoraFactors>();
  const squares: OutputSquares = { outputs: 0, merged: 0, mean: 0 };
  for (const pass of passes) {
    const graph = buildGramGraph(graphConfig(base), base.tensors, paths, pass);
    const asked = new Set(graph.inputs.map(v => v.name));
    const session = await createSession(graph, {
      folder: base.folder,
      threads: o.threads,
      varyingShapes: true,
    });
    try {
      const sums = new Map(pass.map(group => [group, emptySums(group, parts)]));
      for (const [expert, { adapter, weight }] of parts.entries()) {
        const factors = factorFeeds(base, adapter, paths, asked);
        for (const batch of batches[expert]!) {
          const fed = { ...textFeeds(batch, base.config), tokens: tokenPlaces(batch), ...factors };
          addSums(sums, await session.run(fed), expert, weight);
          await advance(batch.rows);
        }
      }
      for (const { inputs, layers } of sums.values()) {
        const solved = regmeanLayers(inputs, layers, o.shrinkage);
        for (const [path, factors] of solved.modules) modules.set(path, factors);
        for (const key of ['outputs', 'merged', 'mean'] as const) squares[key] += solved.squares[key];
        await advance(0);
      }
    } finally {
      await session.dispose();
    }
  }
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

/** Layers whose Gram matrices are in memory at a time. */
function passesOf(groups: LinearGroup[]): LinearGroup[][] {
  const passes: LinearGroup[][] = [[]];
  let bytes = 0;
  for (const group of groups) {
    const own = 12 * group.in ** 2;
    if (bytes > 0 && bytes + own > bytesAtATime) {
      passes.push([]);
      bytes = 0;
    }
    passes.at(-1)!.push(group);
    bytes += own;
  }
  return passes;
}

/** Texts of like length together, so that little is padded. */
export function batchesOf(examples: EncodedExample[]): Batch[] {
  const sorted = [...examples].sort((a, b) => a.ids.length - b.ids.length);
  const starts = Array.from({ length: Math.ceil(sorted.length / batchRows) }, (_, i) => i * batchRows);
  return starts.map(start =>
    assembleBatch([{ expert: 0, scaling: 1, examples: sorted.slice(start, start + batchRows), share: 1 }], 1),
  );
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

/** The positions of a batch's tokens that are no padding, in the flattened batch. */
function tokenPlaces({ lengths, length }: Batch): Feeds[string] {
  const places = [...lengths].flatMap((own, row) => Array.from({ length: own }, (_, t) => row * length + t));
  return int64s(places, [places.length]);
}

/** An adapter's factors as the graph asks for them; of a layer that it leaves alone, zeros of rank 1. */
function factorFeeds(base: Base, { modules }: Adapter, paths: ReadonlySet<string>, asked: ReadonlySet<string>): Feeds {
  const feeds: Feeds = {};
  for (const { path, in: width, out } of linearLayers(base.config)) {
    if (!paths.has(path)) continue;
    const own = modules.get(path);
    const rank = own?.A.rows ?? 1;
    const A = own?.A.data ?? new Float32Array(width);
    const B = own?.B.data.map(x => x * own.scaling) ?? new Float32Array(out);
    feeds[gramInputs.A(path)] = floats(A, [rank, width]);
    feeds[gramInputs.B(path)] = floats(B, [out, rank]);
  }
  return Object.fromEntries(Object.entries(feeds).filter(([name]) => asked.has(name)));
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
